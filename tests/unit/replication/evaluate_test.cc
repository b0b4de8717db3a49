#include "replication/evaluate.h"

#include "support/catch.h"

namespace sojourn::replication {
namespace {

using namespace std::chrono_literals;
using session::AttributeView;
using session::Record;
using session::RecordRef;

constexpr Time kThen = Time(100s);
constexpr Time kNow = Time(200s);
constexpr Version kNext{1, 9};

RecordRef login() {
  const std::vector<AttributeView> attributes = {{"step", "password"}, {"tries", "2"}};
  return Record::make({.id = "old",
                       .phase = Phase::kLogin,
                       .lifetime = {30min, 30min},
                       .version = {1, 3},
                       .created_at = kThen,
                       .last_seen = kThen,
                       .attributes = attributes});
}

Evaluation run(const Operation& operation, const RecordRef& current) {
  return evaluate(operation, current.get(), kNow, kNext, [] { return std::string("new"); });
}

TEST_CASE("a patch changes its attributes and leaves the others", "[replication]") {
  const Evaluation done = run({.verb = Verb::kPatch,
                               .id = "old",
                               .steps = {{"tries", "3"}, {"step", std::nullopt}, {"zone", "eu"}}},
                              login());

  REQUIRE(done.status.ok());
  CHECK(done.answer->attribute("tries") == "3");
  CHECK(done.answer->attribute("zone") == "eu");
  CHECK_FALSE(done.answer->attribute("step"));
  CHECK(done.answer->version() == kNext);
  CHECK(done.answer->created_at() == kThen);
  CHECK(done.answer->bookkeeping().last_seen == kNow);
}

TEST_CASE("a patch for another version is aborted", "[replication]") {
  const Evaluation refused =
      run({.verb = Verb::kPatch, .id = "old", .expected_version = Version{1, 2}}, login());

  CHECK(absl::IsAborted(refused.status));
  CHECK(refused.entries.empty());
}

TEST_CASE("an update replaces all attributes", "[replication]") {
  const Evaluation done = run({.verb = Verb::kUpdate,
                               .id = "old",
                               .attributes = {{"only", "this"}},
                               .expected_version = Version{1, 3}},
                              login());

  REQUIRE(done.status.ok());
  CHECK(done.answer->attribute_count() == 1);
  CHECK(done.answer->attribute("only") == "this");
}

TEST_CASE("nothing but create makes a session", "[replication]") {
  for (const Verb verb : {Verb::kUpdate, Verb::kPatch, Verb::kAuthenticate, Verb::kRotate}) {
    const Evaluation refused = run({.verb = verb, .id = "gone"}, {});
    CHECK(absl::IsNotFound(refused.status));
    CHECK(refused.entries.empty());
  }
}

TEST_CASE("authenticate gives a new id and a new life, and leaves a tombstone", "[replication]") {
  const Evaluation done = run({.verb = Verb::kAuthenticate,
                               .id = "old",
                               .subject = "ana",
                               .lifetime = {10min, 2h},
                               .steps = {{"tries", std::nullopt}}},
                              login());

  REQUIRE(done.status.ok());
  CHECK(done.answer->id() == "new");
  CHECK(done.answer->phase() == Phase::kActive);
  CHECK(done.answer->subject() == "ana");
  CHECK(done.answer->created_at() == kNow);
  CHECK(done.answer->lifetime() == Lifetime{10min, 2h});
  CHECK(done.answer->attribute("step") == "password");
  CHECK_FALSE(done.answer->attribute("tries"));
  REQUIRE(done.entries.size() == 2);
  CHECK(done.entries[1].id == "old");
  CHECK_FALSE(done.entries[1].record);
}

TEST_CASE("an active session is not authenticated again", "[replication]") {
  const RecordRef active =
      Record::make({.id = "old", .phase = Phase::kActive, .subject = "ana", .created_at = kThen});

  const Evaluation refused =
      run({.verb = Verb::kAuthenticate, .id = "old", .subject = "bob"}, active);

  CHECK(absl::IsFailedPrecondition(refused.status));
}

TEST_CASE("rotate changes the id and nothing else", "[replication]") {
  const Evaluation done = run({.verb = Verb::kRotate, .id = "old"}, login());

  REQUIRE(done.status.ok());
  CHECK(done.answer->id() == "new");
  CHECK(done.answer->created_at() == kThen);
  CHECK(done.answer->attribute("tries") == "2");
  CHECK(done.entries.size() == 2);
}

TEST_CASE("revoke leaves a tombstone even where nothing is", "[replication]") {
  const Evaluation done = run({.verb = Verb::kRevoke, .id = "gone"}, {});

  CHECK(done.status.ok());
  REQUIRE(done.entries.size() == 1);
  CHECK_FALSE(done.entries[0].record);
}

TEST_CASE("an id is not created twice", "[replication]") {
  CHECK(absl::IsAborted(run({.verb = Verb::kCreate, .id = "old"}, login()).status));
}

TEST_CASE("a session does not grow beyond its bounds", "[replication]") {
  Operation many{.verb = Verb::kPatch, .id = "old"};
  for (std::size_t i = 0; i <= kAttributesMax; ++i) {
    many.steps.push_back({"name" + std::to_string(i), "v"});
  }
  CHECK(absl::IsResourceExhausted(run(many, login()).status));

  Operation large{.verb = Verb::kPatch, .id = "old"};
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    large.steps.push_back({name, std::string(kAttributeValueBytesMax, 'x')});
  }
  CHECK(absl::IsResourceExhausted(run(large, login()).status));
}

}  // namespace
}  // namespace sojourn::replication
