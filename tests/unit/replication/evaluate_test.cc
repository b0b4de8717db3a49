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
  CHECK(done.answer->last_seen() == kNow);
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
  for (const Verb verb :
       {Verb::kUpdate, Verb::kPatch, Verb::kAuthenticate, Verb::kRotate, Verb::kEraseTab}) {
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

TEST_CASE("rotate with an overlap leaves an alias that ends after it", "[replication]") {
  const Evaluation done = run({.verb = Verb::kRotate, .id = "old", .overlap = 20s}, login());

  REQUIRE(done.entries.size() == 2);
  const RecordRef& alias = done.entries[1].record;
  CHECK(alias->id() == "old");
  CHECK(alias->alias_of() == "new");
  CHECK(alias->subject().empty());
  CHECK(alias->attribute_count() == 0);
  CHECK(alias->expires_at(kNow) == kNow + 20s);
  CHECK(alias->expires_at(kNow + 10s) == kNow + 20s);
  CHECK(done.answer->id() == "new");
  CHECK_FALSE(done.answer->is_alias());
}

TEST_CASE("authenticate keeps the id if it is told so, and begins a new life all the same",
          "[replication]") {
  const RecordRef shortened = Record::make(
      {.id = "old", .lifetime = {30min, 30min}, .created_at = kThen, .shortened_to = 60s});
  const Evaluation done = run({.verb = Verb::kAuthenticate,
                               .id = "old",
                               .subject = "ana",
                               .lifetime = {10min, 2h},
                               .remembered = true,
                               .keep_id = true},
                              shortened);

  REQUIRE(done.entries.size() == 1);
  CHECK(done.answer->id() == "old");
  CHECK(done.answer->phase() == Phase::kActive);
  CHECK(done.answer->is_remembered());
  CHECK_FALSE(done.answer->shortened_to());
}

TEST_CASE("a life is made shorter, and never longer", "[replication]") {
  const auto shorten = [](const RecordRef& session, std::chrono::seconds left) {
    return run({.verb = Verb::kPatch, .id = "old", .time_left = left}, session).answer;
  };
  const RecordRef once = shorten(login(), 300s);

  CHECK(once->expires_at(kNow) == kNow + 300s);
  CHECK(shorten(once, 400s)->expires_at(kNow) == kNow + 300s);
  CHECK(shorten(once, 200s)->expires_at(kNow) == kNow + 200s);
  CHECK(shorten(login(), std::chrono::hours(9))->expires_at(kNow) == kThen + 30min);
  const RecordRef rotated = run({.verb = Verb::kRotate, .id = "old"}, once).answer;
  CHECK(rotated->expires_at(kNow) == kNow + 300s);
}

Operation in_tab(std::string tab, std::string name, std::string value) {
  return {.verb = Verb::kPatch,
          .id = "old",
          .steps = {{std::move(name), std::move(value), std::move(tab)}}};
}

std::vector<std::string> tab_names(const RecordRef& session) {
  std::vector<std::string> names;
  for (const session::TabView& tab : tabs_of(*session)) names.emplace_back(tab.name);
  return names;
}

TEST_CASE("tabs have attributes of their own, and are ordered by their last change",
          "[replication]") {
  RecordRef session = run(in_tab("t1", "step", "otp"), login()).answer;
  session = run(in_tab("t2", "step", "password"), session).answer;
  CHECK(tab_names(session) == std::vector<std::string>{"t1", "t2"});

  session =
      run({.verb = Verb::kPatch, .id = "old", .steps = {{"", std::nullopt, "t1"}}}, session).answer;

  CHECK(tab_names(session) == std::vector<std::string>{"t2", "t1"});
  CHECK(tabs_of(*session)[1].attributes == std::vector<AttributeView>{{"step", "otp"}});
  CHECK(session->attribute("step") == "password");
  CHECK(run({.verb = Verb::kRotate, .id = "old"}, session).answer->has_tabs());
  CHECK(run({.verb = Verb::kUpdate, .id = "old", .expected_version = kNext}, session)
            .answer->has_tabs());
  CHECK_FALSE(run({.verb = Verb::kAuthenticate, .id = "old", .subject = "ana"}, session)
                  .answer->has_tabs());
}

TEST_CASE("the last tab that is erased ends the login", "[replication]") {
  const RecordRef one = run(in_tab("t1", "step", "otp"), login()).answer;
  const RecordRef two = run(in_tab("t2", "step", "otp"), one).answer;
  const auto erase = [](const RecordRef& session, std::string tab) {
    return run({.verb = Verb::kEraseTab, .id = "old", .tab = std::move(tab)}, session);
  };

  CHECK(tab_names(erase(two, "t1").answer) == std::vector<std::string>{"t2"});
  CHECK(tab_names(erase(one, "t3").answer) == std::vector<std::string>{"t1"});
  CHECK(erase(login(), "t1").answer);
  const Evaluation last = erase(one, "t1");
  CHECK(last.status.ok());
  CHECK_FALSE(last.answer);
  REQUIRE(last.entries.size() == 1);
  CHECK_FALSE(last.entries[0].record);
}

TEST_CASE("tabs count into the size of their session", "[replication]") {
  const std::string half(kAttributeValueBytesMax, 'x');
  RecordRef session = login();
  for (const char* tab : {"t1", "t2", "t3"}) session = run(in_tab(tab, "a", half), session).answer;

  CHECK(absl::IsResourceExhausted(run(in_tab("t4", "a", half), session).status));
  CHECK(run(in_tab("t1", "a", half), session).status.ok());
}

TEST_CASE("an authenticated session has no tabs", "[replication]") {
  const RecordRef active =
      Record::make({.id = "old", .phase = Phase::kActive, .subject = "ana", .created_at = kThen});

  CHECK(absl::IsFailedPrecondition(run(in_tab("t1", "a", "1"), active).status));
  CHECK(absl::IsFailedPrecondition(
      run({.verb = Verb::kEraseTab, .id = "old", .tab = "t1"}, active).status));
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
