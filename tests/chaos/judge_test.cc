#include "chaos/judge.h"

#include <filesystem>
#include <string>
#include <utility>

#include "support/catch.h"

namespace sojourn::chaos {
namespace {

// Writes down the calls of one session, one after the other, a millisecond each.
class Story {
 public:
  Story() { lineage_ = records_.begin_lineage(); }

  void created(const std::string& id) { ok({.verb = Verb::kCreate, .subject = "ana"}, id); }
  void patched(const std::string& id, const std::string& value) {
    attributes_["a"] = value;
    ok({.verb = Verb::kPatch, .id = id, .steps = {{.name = "a", .value = value}}}, id);
  }
  void patch_unanswered(const std::string& id, const std::string& value) {
    records_.begin(lineage_, "client",
                   {.verb = Verb::kPatch, .id = id, .steps = {{.name = "a", .value = value}}});
  }
  void found(const std::string& id, const std::string& value) {
    attributes_.clear();
    if (!value.empty()) attributes_["a"] = value;
    --sequence_;  // a read makes no version
    ok({.verb = Verb::kGet, .id = id}, id);
  }
  void not_found(const std::string& id) {
    end({.verb = Verb::kGet, .id = id}, {.status = absl::StatusCode::kNotFound});
  }
  void revoked(const std::string& id) {
    end({.verb = Verb::kRevoke, .id = id}, {.status = absl::StatusCode::kOk});
  }

  const Records& records() const { return records_; }
  Judgement judged() const { return judge(records_); }

 private:
  void ok(Question question, const std::string& id) {
    end(std::move(question), {.status = absl::StatusCode::kOk,
                              .session = Seen{.id = id,
                                              .phase = Phase::kActive,
                                              .subject = "ana",
                                              .attributes = attributes_,
                                              .lifetime = kLifetime,
                                              .version = {1, ++sequence_}}});
  }
  void end(Question question, Answer answer) {
    const std::size_t call = records_.begin(lineage_, "client", std::move(question));
    time_ += std::chrono::milliseconds(2);
    answer.began = time_;
    answer.ended = time_ + std::chrono::milliseconds(1);
    records_.end(lineage_, call, std::move(answer));
  }

  Records records_;
  std::size_t lineage_ = 0;
  Microseconds time_{std::chrono::hours(1)};
  std::uint64_t sequence_ = 0;
  std::map<std::string, std::string> attributes_;
};

}  // namespace

TEST_CASE("a history that the store may show is no violation", "[chaos]") {
  Story story;
  story.created("x");
  story.patched("x", "1");
  story.found("x", "1");
  story.revoked("x");
  story.not_found("x");

  CHECK(story.judged().violations() == 0);
  CHECK(story.judged().calls == 5);
}

TEST_CASE("a write that an answer does not show any more is a lost write", "[chaos]") {
  Story story;
  story.created("x");
  story.patched("x", "1");
  story.found("x", "");

  CHECK(story.judged().writes_lost == 1);
  CHECK(story.judged().violations() == 1);
}

TEST_CASE("a session that is absent and was never ended is a lost write", "[chaos]") {
  Story story;
  story.created("x");
  story.not_found("x");

  CHECK(story.judged().writes_lost == 1);
  CHECK(story.judged().violations() == 1);
}

TEST_CASE("a session that is found after it was absent was not found falsely", "[chaos]") {
  Story story;
  story.created("x");
  story.not_found("x");
  story.patched("x", "1");

  CHECK(story.judged().false_not_founds == 1);
  CHECK(story.judged().violations() == 1);
}

TEST_CASE("a session that is found after its end is a resurrection", "[chaos]") {
  Story story;
  story.created("x");
  story.revoked("x");
  story.patched("x", "1");

  CHECK(story.judged().resurrections == 1);
  CHECK(story.judged().violations() == 1);
}

TEST_CASE("a history that was kept is judged as the run judged it", "[chaos]") {
  Story story;
  story.created("x");
  story.patch_unanswered("x", "1");
  story.patched("x", "2");
  story.found("x", "");
  const std::string file = std::filesystem::temp_directory_path() / "sojourn-history-test";

  REQUIRE(story.records().save(file).ok());
  const absl::StatusOr<Records> loaded = Records::load(file);
  std::filesystem::remove(file);

  REQUIRE(loaded.ok());
  CHECK(loaded->calls() == story.records().calls());
  CHECK(judge(*loaded).explanations == story.judged().explanations);
  CHECK(judge(*loaded).writes_lost == 1);
}

TEST_CASE("a file that is no history is refused with its line", "[chaos]") {
  const std::string file = std::filesystem::temp_directory_path() / "sojourn-no-history-test";
  Story story;
  story.created("x");
  REQUIRE(story.records().save(file).ok());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);

  const absl::StatusOr<Records> loaded = Records::load(file);
  std::filesystem::remove(file);

  REQUIRE_FALSE(loaded.ok());
  CHECK(std::string(loaded.status().message()) == file + ":1: not a call of a chaos run");
}

}  // namespace sojourn::chaos
