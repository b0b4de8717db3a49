// A session's life in a cluster of four: tabs of a login, lifetimes, ids that are given up, and
// changes that come at the same time. The facts are those that Keycloak's tests of its
// authentication and user sessions state; its numbers too, where it has any.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "session/id_draw.h"
#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Lifetime kLogin = {seconds(30), seconds(30)};
constexpr Lifetime kHours = {std::chrono::hours(1), std::chrono::hours(12)};

struct Answer {
  StatusCode status = StatusCode::kUnknown;
  std::optional<SeenSession> session = {};
};

// Four members, of whom each session is held by two.
class Four {
 public:
  Four() : simulation_(1, options()) { REQUIRE(simulation_.run_until_whole()); }
  ~Four() { CHECK(simulation_.violations() == std::vector<std::string>()); }

  Simulation& simulation() { return simulation_; }

  // Starts a call and goes on; end() waits for it.
  std::size_t begin(std::size_t member, Operation operation, Duration timeout = seconds(5)) {
    const std::size_t number = answers_.size();
    answers_.emplace_back();
    simulation_.call(member, std::move(operation), timeout,
                     [this, number](std::optional<replication::Result> result) {
                       Answer answer = {.status = StatusCode::kCancelled};
                       if (result) answer.status = result->status.code();
                       if (result && result->record) answer.session = seen(*result->record);
                       answers_[number] = std::move(answer);
                     });
    return number;
  }
  Answer end(std::size_t number) {
    REQUIRE(simulation_.run_until([&] { return answers_[number].has_value(); }));
    return *answers_[number];
  }
  Answer ask(std::size_t member, Operation operation) {
    return end(begin(member, std::move(operation)));
  }

  std::string make(Operation create) {
    create.verb = Verb::kCreate;
    create.id = session::draw_id(ids_);
    REQUIRE(ask(0, create).status == StatusCode::kOk);
    return create.id;
  }
  std::string login(Lifetime lifetime = kLogin) { return make({.lifetime = lifetime}); }
  std::string session(Lifetime lifetime = kHours) {
    return make({.phase = Phase::kActive, .subject = "ana", .lifetime = lifetime});
  }

  Answer get(std::size_t member, const std::string& id, bool touch = true) {
    return ask(member, {.verb = Verb::kGet, .id = id, .touch = touch});
  }
  // What all who are up say; they must say the same.
  StatusCode everybody_says(const std::string& id) {
    std::optional<StatusCode> said;
    for (std::size_t member = 0; member < 4; ++member) {
      if (!simulation_.node(member)) continue;
      const StatusCode status = get(member, id, false).status;
      CHECK(said.value_or(status) == status);
      said = status;
    }
    return *said;
  }

  // The owner dies, and the others have taken over.
  void fail_over(const std::string& id) {
    simulation_.crash(simulation_.owners(id).front());
    REQUIRE(simulation_.run_until_whole());
  }
  std::size_t survivor() const { return simulation_.node(0) ? 0 : 1; }

 private:
  static SimulationOptions options() {
    SimulationOptions options = {.members = 4, .copies = 2};
    options.network = {.mode = NetworkOptions::Mode::kStreams, .delay_max = milliseconds(2)};
    return options;
  }

  Simulation simulation_;
  SeededRandom ids_{2};
  std::vector<std::optional<Answer>> answers_;
};

Operation in_tab(const std::string& id, std::string tab, std::string name, std::string value) {
  return {.verb = Verb::kPatch,
          .id = id,
          .steps = {{std::move(name), std::move(value), std::move(tab)}}};
}

Operation erase_tab(const std::string& id, std::string tab) {
  return {.verb = Verb::kEraseTab, .id = id, .tab = std::move(tab)};
}

Operation authenticate(const std::string& id) {
  return {.verb = Verb::kAuthenticate, .id = id, .subject = "ana", .lifetime = kHours};
}

Operation set(const std::string& id, std::string name, std::string value) {
  return {.verb = Verb::kPatch, .id = id, .steps = {{std::move(name), std::move(value)}}};
}

Operation rotate(const std::string& id, seconds overlap = seconds(0)) {
  return {.verb = Verb::kRotate, .id = id, .overlap = overlap};
}

Operation end_within(const std::string& id, seconds left) {
  return {.verb = Verb::kPatch, .id = id, .time_left = left};
}

std::vector<std::string> names_of(const std::vector<Tab>& tabs) {
  std::vector<std::string> names;
  for (const Tab& tab : tabs) names.push_back(tab.name);
  return names;
}

// Tabs.

TEST_CASE("tabs of a login have steps of their own, and those that are erased are gone", "[life]") {
  Four four;
  const std::string id = four.login();
  for (const std::size_t i : {0, 1, 2, 3, 4}) {
    const std::string n = std::to_string(i);
    REQUIRE(four.ask(i % 4, in_tab(id, "tab" + n, "step", "password " + n)).session);
  }

  CHECK(four.ask(2, erase_tab(id, "tab1")).status == StatusCode::kOk);
  CHECK(four.ask(3, erase_tab(id, "tab3")).status == StatusCode::kOk);
  CHECK(four.ask(3, erase_tab(id, "tab3")).status == StatusCode::kOk);

  const SeenSession login = *four.get(1, id).session;
  CHECK(names_of(login.tabs) == std::vector<std::string>{"tab0", "tab2", "tab4"});
  CHECK(login.tabs[1].attribute("step") == "password 2");
  CHECK_FALSE(login.tabs[1].attribute("other"));
}

TEST_CASE("of 301 tabs the one goes that was changed the longest time ago", "[life]") {
  Four four;
  const std::string id = four.login(kHours);
  for (std::size_t i = 0; i < kTabsMax; ++i) {
    REQUIRE(four.ask(i % 4, in_tab(id, "tab" + std::to_string(i), "a", "1")).session);
  }
  // The first is not the oldest any more.
  REQUIRE(four.ask(1, in_tab(id, "tab0", "a", "2")).session);
  REQUIRE(four.get(2, id).session->tabs.size() == kTabsMax);

  const std::vector<Tab> tabs = four.ask(3, in_tab(id, "the 301st", "a", "3")).session->tabs;

  CHECK(tabs.size() == kTabsMax);
  CHECK(tabs.front().name == "tab2");
  CHECK(tabs[kTabsMax - 2].name == "tab0");
  CHECK(tabs.back().name == "the 301st");
  four.fail_over(id);
  CHECK(four.get(four.survivor(), id).session->tabs == tabs);
}

TEST_CASE("four members that add a tab at the same time lose none", "[life]") {
  Four four;
  const std::string id = four.login();
  std::vector<std::size_t> calls;
  for (const std::size_t member : {0, 1, 2, 3}) {
    calls.push_back(four.begin(member, in_tab(id, "of " + std::to_string(member), "a", "1")));
  }
  for (const std::size_t call : calls) CHECK(four.end(call).status == StatusCode::kOk);

  CHECK(four.get(0, id).session->tabs.size() == 4);
}

TEST_CASE("with its last tab a login ends, whoever erases which at the same time", "[life]") {
  Four four;
  const std::string id = four.login();
  for (const std::size_t i : {0, 1, 2, 3}) {
    REQUIRE(four.ask(i, in_tab(id, "tab" + std::to_string(i), "a", "1")).session);
  }
  std::vector<std::size_t> calls;
  for (const std::size_t i : {0, 1, 2, 3}) {
    calls.push_back(four.begin(3 - i, erase_tab(id, "tab" + std::to_string(i))));
  }
  for (const std::size_t call : calls) CHECK(four.end(call).status == StatusCode::kOk);

  CHECK(four.everybody_says(id) == StatusCode::kNotFound);
  CHECK(four.ask(1, in_tab(id, "tab0", "a", "1")).status == StatusCode::kNotFound);
  CHECK(four.ask(2, erase_tab(id, "tab0")).status == StatusCode::kNotFound);
}

TEST_CASE("a login without tabs does not end when one is erased that was never there", "[life]") {
  Four four;
  const std::string id = four.login();

  CHECK(four.ask(1, erase_tab(id, "tab")).status == StatusCode::kOk);

  CHECK(four.everybody_says(id) == StatusCode::kOk);
}

TEST_CASE("a session has no tabs", "[life]") {
  Four four;
  const std::string login = four.login();
  REQUIRE(four.ask(0, in_tab(login, "tab", "a", "1")).session);

  const SeenSession session = *four.ask(1, authenticate(login)).session;

  CHECK(session.tabs.empty());
  CHECK(four.ask(2, in_tab(session.id, "tab", "a", "1")).status == StatusCode::kFailedPrecondition);
  CHECK(four.ask(3, erase_tab(session.id, "tab")).status == StatusCode::kFailedPrecondition);
}

// From login to session.

TEST_CASE("a login becomes a session once, also when it is tried everywhere at the same time",
          "[life]") {
  Four four;
  const std::string login = four.login();
  std::vector<std::size_t> calls;
  for (const std::size_t member : {0, 1, 2, 3}) {
    calls.push_back(four.begin(member, authenticate(login)));
  }
  std::vector<std::string> ids;
  std::size_t refused = 0;
  for (const std::size_t call : calls) {
    const Answer answer = four.end(call);
    if (answer.session) ids.push_back(answer.session->id);
    refused += answer.status == StatusCode::kNotFound;
  }
  REQUIRE(ids.size() == 1);
  CHECK(refused == 3);
  CHECK(ids[0] != login);
  CHECK(four.everybody_says(login) == StatusCode::kNotFound);
  CHECK(four.everybody_says(ids[0]) == StatusCode::kOk);

  four.fail_over(login);

  CHECK(four.everybody_says(login) == StatusCode::kNotFound);
  for (const std::size_t member : {0, 1, 2, 3}) {
    if (!four.simulation().node(member)) continue;
    CHECK(four.ask(member, authenticate(login)).status == StatusCode::kNotFound);
    CHECK(four.ask(member, authenticate(ids[0])).status == StatusCode::kFailedPrecondition);
  }
}

TEST_CASE("who insists keeps the id of the login, and becomes a session only once", "[life]") {
  Four four;
  const std::string login = four.login();
  Operation keep = authenticate(login);
  keep.keep_id = true;

  const Answer first = four.ask(1, keep);

  CHECK(first.session->id == login);
  CHECK(first.session->phase == Phase::kActive);
  CHECK(four.ask(2, keep).status == StatusCode::kFailedPrecondition);
  CHECK(four.everybody_says(login) == StatusCode::kOk);
}

// Lifetimes.

TEST_CASE("a login ends 30 s after it began, idle or busy", "[life]") {
  Four four;
  const std::string idle = four.login(kLogin);
  const std::string busy = four.login(kLogin);

  four.simulation().run_for(seconds(25));
  CHECK(four.get(1, busy).status == StatusCode::kOk);
  CHECK(four.ask(2, set(busy, "a", "1")).status == StatusCode::kOk);
  CHECK(four.everybody_says(idle) == StatusCode::kOk);
  four.simulation().run_for(seconds(10));

  CHECK(four.everybody_says(idle) == StatusCode::kNotFound);
  CHECK(four.everybody_says(busy) == StatusCode::kNotFound);
}

TEST_CASE("sessions end by their own lifetimes, and what is fresh stays", "[life]") {
  Four four;
  const std::string old = four.session({seconds(60), seconds(20)});
  const std::string idle = four.session({seconds(10), seconds(60)});
  const std::string fresh = four.session({seconds(20), seconds(60)});
  // As Keycloak's: remembered ones have four times the times.
  const std::string remembered = four.session({seconds(40), seconds(80)});

  for (int i = 0; i < 3; ++i) {
    four.simulation().run_for(seconds(8));
    if (i < 2) CHECK(four.get(1, old).status == StatusCode::kOk);
    CHECK(four.get(2, fresh).status == StatusCode::kOk);
  }

  CHECK(four.everybody_says(old) == StatusCode::kNotFound);
  CHECK(four.everybody_says(idle) == StatusCode::kNotFound);
  CHECK(four.everybody_says(fresh) == StatusCode::kOk);
  CHECK(four.everybody_says(remembered) == StatusCode::kOk);
  four.simulation().run_for(seconds(20));
  CHECK(four.everybody_says(remembered) == StatusCode::kNotFound);
}

TEST_CASE("a life that is shortened ends then, however much it is used, and is never prolonged",
          "[life]") {
  Four four;
  const std::string id = four.session();

  CHECK(four.ask(1, end_within(id, seconds(20))).status == StatusCode::kOk);
  CHECK(four.ask(2, end_within(id, seconds(500))).status == StatusCode::kOk);
  const std::string renewed = four.ask(3, rotate(id)).session->id;
  four.simulation().run_for(seconds(19));
  CHECK(four.get(3, renewed).status == StatusCode::kOk);
  four.simulation().run_for(milliseconds(1100));

  CHECK(four.everybody_says(renewed) == StatusCode::kNotFound);
}

TEST_CASE("to authenticate begins a new life, also after the login was to end soon", "[life]") {
  Four four;
  const std::string login = four.login();
  REQUIRE(four.ask(1, end_within(login, seconds(5))).session);

  const std::string id = four.ask(2, authenticate(login)).session->id;
  four.simulation().run_for(seconds(40));

  CHECK(four.everybody_says(id) == StatusCode::kOk);
}

TEST_CASE("a failover ends nothing early, and nothing later than uses are told", "[life]") {
  Four four;
  // Idle, shortened, and an alias.
  const std::string idle = four.session({seconds(40), seconds(600)});
  const std::size_t owner = four.simulation().owners(idle).front();
  std::string shortened = four.session();
  while (four.simulation().owners(shortened).front() != owner) shortened = four.session();
  std::string alias = four.session();
  while (four.simulation().owners(alias).front() != owner) alias = four.session();
  REQUIRE(four.ask(1, end_within(shortened, seconds(40))).session);
  const std::string renewed = four.ask(2, rotate(alias, seconds(40))).session->id;
  REQUIRE(four.get(owner, idle).session);

  four.simulation().run_for(seconds(20));
  four.fail_over(idle);
  const Time began = four.simulation().now();
  four.simulation().run_for(seconds(19) - (four.simulation().now() - began));

  const std::size_t member = four.survivor();
  CHECK(four.get(member, idle, false).status == StatusCode::kOk);
  // What was shortened has no uses that could be told late.
  four.simulation().run_for(seconds(2));
  CHECK(four.everybody_says(shortened) == StatusCode::kNotFound);
  CHECK(four.everybody_says(alias) == StatusCode::kNotFound);
  CHECK(four.everybody_says(renewed) == StatusCode::kOk);
  four.simulation().run_for(table::use_interval({seconds(40), seconds(600)}) + table::kUseDelayMax);
  CHECK(four.everybody_says(idle) == StatusCode::kNotFound);
}

// Ids that are given up.

TEST_CASE("an id that was given up with an overlap can be read for so long, and nothing else",
          "[life]") {
  Four four;
  const std::string old = four.session();

  const std::string id = four.ask(1, rotate(old, seconds(10))).session->id;

  CHECK(four.everybody_says(old) == StatusCode::kOk);
  CHECK(four.ask(2, set(id, "color", "red")).status == StatusCode::kOk);
  const SeenSession by_alias = *four.get(3, old).session;
  CHECK(by_alias.attributes.at("color") == "red");
  CHECK(by_alias.id == old);
  CHECK(by_alias.alias_of == old);  // so the new id is not told
  for (const Operation& refused :
       {set(old, "color", "blue"), rotate(old), rotate(old, seconds(60)), authenticate(old),
        erase_tab(old, "tab"), end_within(old, seconds(1)),
        Operation{.verb = Verb::kUpdate, .id = old, .expected_version = by_alias.version}}) {
    CHECK(four.ask(0, refused).status == StatusCode::kFailedPrecondition);
  }
  CHECK(four.ask(0, {.verb = Verb::kCreate, .id = old, .lifetime = kHours}).status ==
        StatusCode::kAborted);
  four.simulation().run_for(seconds(10));
  CHECK(four.everybody_says(old) == StatusCode::kNotFound);
  CHECK(four.get(1, id).session->attributes.at("color") == "red");
}

TEST_CASE("an alias survives a failover, and dies at once with its session", "[life]") {
  Four four;
  const std::string old = four.session();
  const std::string id = four.ask(1, rotate(old, seconds(60))).session->id;
  four.fail_over(id);
  CHECK(four.everybody_says(old) == StatusCode::kOk);

  const std::string end_by = GENERATE(true, false) ? id : old;
  CHECK(four.ask(four.survivor(), {.verb = Verb::kRevoke, .id = end_by}).status == StatusCode::kOk);

  CHECK(four.everybody_says(old) == StatusCode::kNotFound);
  CHECK(four.everybody_says(id) == StatusCode::kNotFound);
}

TEST_CASE("only the id before the last renewal can be read, and those before still log out",
          "[life]") {
  Four four;
  const std::string first = four.session();
  const std::string second = four.ask(1, rotate(first, seconds(60))).session->id;
  const std::string third = four.ask(2, rotate(second, seconds(60))).session->id;

  CHECK(four.everybody_says(first) == StatusCode::kNotFound);
  CHECK(four.everybody_says(second) == StatusCode::kOk);
  CHECK(four.ask(3, set(first, "a", "1")).status == StatusCode::kNotFound);
  CHECK(four.everybody_says(third) == StatusCode::kOk);
  CHECK(four.ask(3, {.verb = Verb::kRevoke, .id = first}).status == StatusCode::kOk);
  CHECK(four.everybody_says(third) == StatusCode::kNotFound);
  CHECK(four.everybody_says(second) == StatusCode::kNotFound);
}

TEST_CASE("an alias that has ended leaves nothing behind, and is no session that expired",
          "[life]") {
  Four four;
  const std::string old = four.session();
  const std::string id = four.ask(1, rotate(old, seconds(3))).session->id;
  const std::size_t owner = four.simulation().owners(old).front();
  const auto usage = [&] { return four.simulation().node(owner)->plane().table().usage(); };
  CHECK(usage().aliases == 1);
  CHECK(usage().active == 1);

  four.simulation().run_for(seconds(10));

  CHECK(usage().aliases == 0);
  CHECK(usage().active == 1);
  CHECK(four.simulation().node(owner)->expired() == 0);
  CHECK(four.get(2, id).status == StatusCode::kOk);
}

TEST_CASE("to read by an alias is to use the session", "[life]") {
  Four four;
  const std::string old = four.session({seconds(10), seconds(600)});
  const std::string id = four.ask(1, rotate(old, seconds(60))).session->id;
  for (int i = 0; i < 3; ++i) {
    four.simulation().run_for(seconds(8));
    CHECK(four.get(static_cast<std::size_t>(i), old).status == StatusCode::kOk);
  }
  CHECK(four.everybody_says(id) == StatusCode::kOk);
  four.simulation().run_for(seconds(11));
  CHECK(four.everybody_says(old) == StatusCode::kNotFound);
  CHECK(four.everybody_says(id) == StatusCode::kNotFound);
}

// Concurrent changes.

TEST_CASE("200 patches from four members at the same time lose nothing", "[life]") {
  Four four;
  const std::string id = four.session();
  const bool repeated = GENERATE(false, true);
  if (repeated) {
    four.simulation().network().set_filter(
        [n = 0](std::size_t, std::size_t, const node::Envelope& envelope) mutable {
          const bool request = std::holds_alternative<replication::Request>(envelope.message);
          return request && ++n % 3 == 0 ? Network::Fate::kRepeated : Network::Fate::kByChance;
        });
  }
  // As Keycloak's: twenty threads change each of ten things.
  std::vector<std::size_t> calls;
  for (std::size_t i = 0; i < 200; ++i) {
    calls.push_back(
        four.begin(i % 4, {.verb = Verb::kPatch,
                           .id = id,
                           .steps = {{"last" + std::to_string(i % 10), "x"},
                                     {"n" + std::to_string(i % 50), std::to_string(i)}}}));
  }
  std::vector<Version> versions;
  for (const std::size_t call : calls) {
    const Answer answer = four.end(call);
    REQUIRE(answer.session);
    versions.push_back(answer.session->version);
    const std::size_t number = versions.size() - 1;
    CHECK(answer.session->attributes.at("n" + std::to_string(number % 50)) ==
          std::to_string(number));
  }
  std::sort(versions.begin(), versions.end());
  CHECK(std::adjacent_find(versions.begin(), versions.end()) == versions.end());
  if (repeated) {
    const SeenSession before = *four.get(0, id).session;
    four.simulation().network().set_filter({});
    four.simulation().network().release();
    four.simulation().run_for(seconds(5));
    CHECK(four.get(0, id).session == before);
  }
  CHECK(four.get(3, id).session->attributes.size() == 60);
}

TEST_CASE("updates that compare versions count exactly, if each is tried until it fits", "[life]") {
  Four four;
  const std::string id = four.session();
  REQUIRE(four.ask(0, set(id, "n", "0")).session);
  int done = 0;
  while (done < 50) {
    std::vector<std::size_t> calls;
    for (const std::size_t member : {0, 1, 2, 3}) {
      const SeenSession seen = *four.get(member, id).session;
      const int n = std::stoi(seen.attributes.at("n"));
      calls.push_back(four.begin(member, {.verb = Verb::kUpdate,
                                          .id = id,
                                          .attributes = {{"n", std::to_string(n + 1)}},
                                          .expected_version = seen.version}));
    }
    for (const std::size_t call : calls) {
      const StatusCode status = four.end(call).status;
      CHECK((status == StatusCode::kOk || status == StatusCode::kAborted));
      done += status == StatusCode::kOk;
    }
  }
  CHECK(four.get(2, id).session->attributes.at("n") == std::to_string(done));
}

TEST_CASE("no change brings back what was revoked, also not after a failover", "[life]") {
  Four four;
  const std::string id = four.session();
  const Version version = four.get(1, id).session->version;
  std::vector<std::size_t> calls;
  const auto change = [&](std::size_t i) {
    return i % 2 == 0 ? set(id, "a", std::to_string(i))
                      : Operation{.verb = Verb::kUpdate,
                                  .id = id,
                                  .attributes = {{"b", "1"}},
                                  .expected_version = version};
  };
  for (std::size_t i = 0; i < 40; ++i) {
    if (i == 20) calls.push_back(four.begin(3, {.verb = Verb::kRevoke, .id = id}));
    calls.push_back(four.begin(i % 4, change(i)));
  }
  for (const std::size_t call : calls) four.end(call);

  CHECK(four.everybody_says(id) == StatusCode::kNotFound);
  four.fail_over(id);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(four.ask(four.survivor(), change(i)).status == StatusCode::kNotFound);
  }
  CHECK(four.everybody_says(id) == StatusCode::kNotFound);
}

}  // namespace
}  // namespace sojourn::simulation
