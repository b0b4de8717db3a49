// All sessions of a subject or of a label, in a cluster of four: listed, counted, ended together,
// and kept within a limit. What Keycloak's tests of user sessions and session limits ask for.

#include <absl/status/status.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "session/id_draw.h"
#include "session/label_key.h"
#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Findings;
using replication::Inquiry;
using replication::Key;
using replication::Operation;
using replication::Question;
using replication::Result;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::seconds;

Key subject(std::string text) { return {session::KeyView::Kind::kSubject, std::move(text)}; }
Key label(std::string name, std::string value) {
  return {session::KeyView::Kind::kLabel, session::label_key({std::move(name), std::move(value)})};
}

SimulationOptions four_members() {
  SimulationOptions options = {.members = 4, .copies = 2};
  options.network = {.mode = NetworkOptions::Mode::kStreams, .delay_max = milliseconds(2)};
  return options;
}

SimulationOptions with_limit(std::uint32_t maximum, node::WhenFull when_full) {
  SimulationOptions options = four_members();
  options.node.sessions_per_subject = maximum;
  options.node.when_full = when_full;
  return options;
}

Operation login_of(std::string who, std::vector<Label> labels = {}) {
  return {.verb = Verb::kCreate,
          .phase = Phase::kActive,
          .subject = std::move(who),
          .lifetime = {std::chrono::minutes(30), std::chrono::hours(12)},
          .labels = session::label_keys(labels)};
}

// What became of a call that was begun.
struct Outcome {
  std::optional<Result> result = {};
  bool crashed = false;

  bool ended() const { return result || crashed; }
  bool ok() const { return result && result->status.ok(); }
  std::string id() const { return std::string(result->record->id()); }
};

class Users {
 public:
  explicit Users(SimulationOptions options = four_members()) : simulation_(1, std::move(options)) {
    REQUIRE(simulation_.run_until_whole());
  }
  ~Users() { CHECK(simulation_.violations() == std::vector<std::string>()); }

  Simulation& simulation() { return simulation_; }

  std::shared_ptr<Outcome> begin(std::size_t member, Operation operation,
                                 Duration timeout = seconds(5)) {
    auto outcome = std::make_shared<Outcome>();
    simulation_.call(member, std::move(operation), timeout,
                     [outcome](std::optional<Result> result) {
                       outcome->crashed = !result;
                       outcome->result = std::move(result);
                     });
    return outcome;
  }
  Result ask(std::size_t member, Operation operation) {
    const auto outcome = begin(member, std::move(operation));
    REQUIRE(simulation_.run_until([&] { return outcome->ended(); }));
    REQUIRE(outcome->result);
    return *outcome->result;
  }
  std::string log_in(std::size_t member, const std::string& who, std::vector<Label> labels = {}) {
    const Result result = ask(member, login_of(who, std::move(labels)));
    REQUIRE(result.status.ok());
    return std::string(result.record->id());
  }
  StatusCode get(std::size_t member, const std::string& id) {
    return ask(member, {.verb = Verb::kGet, .id = id}).status.code();
  }

  std::shared_ptr<std::optional<Findings>> begin(std::size_t member, Question question,
                                                 Duration timeout = seconds(10)) {
    auto findings = std::make_shared<std::optional<Findings>>();
    simulation_.ask(member, std::move(question), timeout,
                    [findings](std::optional<Findings> found) { *findings = std::move(found); });
    return findings;
  }
  Findings ask(std::size_t member, Question question, Duration timeout = seconds(10)) {
    const auto findings = begin(member, std::move(question), timeout);
    REQUIRE(simulation_.run_until([&] { return findings->has_value(); }));
    return **findings;
  }
  std::set<std::string> list(std::size_t member, const Key& key) {
    const Findings found =
        ask(member, {.inquiry = Inquiry::kList, .key = key, .limit = replication::kPageMax});
    REQUIRE(found.status.ok());
    std::set<std::string> ids;
    for (const auto& session : found.sessions) ids.emplace(session.record->id());
    return ids;
  }
  std::uint64_t count(std::size_t member, const Key& key) {
    const Findings found = ask(member, {.inquiry = Inquiry::kCount, .key = key});
    REQUIRE(found.status.ok());
    return found.count;
  }
  Findings end_all(std::size_t member, const Key& key, std::string except = {}) {
    return ask(member, {.inquiry = Inquiry::kEnd, .key = key, .except = std::move(except)});
  }

  void wait_for(const std::vector<std::shared_ptr<Outcome>>& outcomes) {
    REQUIRE(simulation_.run_until([&] {
      return std::all_of(outcomes.begin(), outcomes.end(),
                         [](const auto& outcome) { return outcome->ended(); });
    }));
  }

 private:
  Simulation simulation_;
};

std::vector<std::shared_ptr<Outcome>> logins(Users& users, int count, const std::string& who) {
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < count; ++i) {
    const auto member = static_cast<std::size_t>(i) % 4;
    if (users.simulation().node(member)) {
      outcomes.push_back(users.begin(member, login_of(who), seconds(20)));
    }
  }
  return outcomes;
}

std::size_t count_of(const std::vector<std::shared_ptr<Outcome>>& outcomes, StatusCode code) {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [&](const auto& outcome) {
        return outcome->result && outcome->result->status.code() == code;
      }));
}

TEST_CASE("every member lists and counts all sessions of a subject, and no others", "[subjects]") {
  Users users;
  std::set<std::string> of_ana;
  for (std::size_t i = 0; i < 20; ++i) {
    of_ana.insert(users.log_in(i % 4, "ana"));
    users.log_in(i % 4, "bob");
  }

  for (std::size_t member = 0; member < 4; ++member) {
    CHECK(users.list(member, subject("ana")) == of_ana);
    CHECK(users.count(member, subject("ana")) == 20);
    CHECK(users.count(member, subject("eve")) == 0);
  }
}

TEST_CASE("pages of a subject's sessions follow each other without gap or overlap", "[subjects]") {
  Users users;
  std::set<std::string> all;
  for (std::size_t i = 0; i < 25; ++i) all.insert(users.log_in(i % 4, "ana"));

  std::vector<std::string> seen;
  bool more = true;
  while (more) {
    const Findings page = users.ask(1, {.inquiry = Inquiry::kList,
                                        .key = subject("ana"),
                                        .after = seen.empty() ? std::string() : seen.back(),
                                        .limit = 7});
    REQUIRE(page.sessions.size() <= 7);
    for (const auto& session : page.sessions) seen.emplace_back(session.record->id());
    more = page.more;
  }

  CHECK(seen == std::vector<std::string>(all.begin(), all.end()));
}

TEST_CASE("counts follow sessions that come, go, are renamed and expire", "[subjects]") {
  Users users;
  std::string first = users.log_in(0, "ana");
  CHECK(users.count(1, subject("ana")) == 1);

  users.log_in(2, "ana");
  const Result rotated = users.ask(3, {.verb = Verb::kRotate, .id = first});
  CHECK(users.count(1, subject("ana")) == 2);

  users.ask(0, {.verb = Verb::kRevoke, .id = std::string(rotated.record->id())});
  CHECK(users.count(1, subject("ana")) == 1);

  Operation brief = login_of("ana");
  brief.lifetime = {seconds(2), seconds(60)};
  REQUIRE(users.ask(0, brief).status.ok());
  CHECK(users.count(1, subject("ana")) == 2);
  users.simulation().run_for(seconds(5));
  CHECK(users.count(1, subject("ana")) == 1);
}

TEST_CASE("a login in progress has no subject until it is authenticated", "[subjects]") {
  Users users;
  const Result login = users.ask(0, {.verb = Verb::kCreate, .lifetime = {}});
  CHECK(users.count(1, subject("ana")) == 0);

  const Result session = users.ask(
      2, {.verb = Verb::kAuthenticate, .id = std::string(login.record->id()), .subject = "ana"});

  CHECK(users.list(3, subject("ana")) == std::set<std::string>{std::string(session.record->id())});
}

TEST_CASE("ending all sessions of a subject ends them on every member, and no others",
          "[subjects]") {
  Users users;
  std::vector<std::string> of_ana;
  for (std::size_t i = 0; i < 12; ++i) of_ana.push_back(users.log_in(i % 4, "ana"));
  const std::string of_bob = users.log_in(0, "bob");
  const bool all = GENERATE(true, false);

  const Findings ended = users.end_all(2, subject("ana"), all ? "" : of_ana.front());

  REQUIRE(ended.status.ok());
  CHECK(ended.count == (all ? 12 : 11));
  for (std::size_t member = 0; member < 4; ++member) {
    for (const std::string& id : of_ana) {
      const bool lives = !all && id == of_ana.front();
      CHECK(users.get(member, id) == (lives ? StatusCode::kOk : StatusCode::kNotFound));
    }
    CHECK(users.get(member, of_bob) == StatusCode::kOk);
  }
  CHECK(users.count(0, subject("ana")) == (all ? 0 : 1));
}

TEST_CASE("a subject whose sessions were all ended can log in again at once", "[subjects]") {
  Users users;
  users.log_in(0, "ana");
  for (std::size_t member = 0; member < 4; ++member) {
    REQUIRE(users.end_all(member, subject("ana")).status.ok());
    for (std::size_t at = 0; at < 4; ++at) {
      CHECK(users.get(member, users.log_in(at, "ana")) == StatusCode::kOk);
    }
  }
}

TEST_CASE("no login that was called before all sessions were ended outlives that", "[subjects]") {
  Users users;
  SeededRandom random(GENERATE(range(1u, 9u)));
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int round = 0; round < 10; ++round) {
    for (auto& outcome : logins(users, 12, "ana")) outcomes.push_back(std::move(outcome));
    users.simulation().run_for(Duration(static_cast<std::int64_t>(random.below(6000))));
  }
  const auto ended =
      users.begin(random.below(4), Question{.inquiry = Inquiry::kEnd, .key = subject("ana")});
  REQUIRE(users.simulation().run_until([&] { return ended->has_value(); }));
  REQUIRE((*ended)->status.ok());
  users.wait_for(outcomes);

  for (const auto& outcome : outcomes) {
    if (outcome->ok()) {
      CHECK(users.get(0, outcome->id()) == StatusCode::kNotFound);
    } else {
      CHECK(outcome->result->status.code() == StatusCode::kAborted);
    }
  }
  CHECK(users.list(1, subject("ana")).empty());
}

TEST_CASE("a login that reaches its owner when all have been ended does not outlive that",
          "[subjects]") {
  Users users;
  SeededRandom random(1);
  Operation login = login_of("ana");
  do login.id = session::draw_id(random);
  while (users.simulation().owners(login.id).front() != 2);
  users.simulation().network().cut(1, 2);
  users.simulation().network().cut(2, 1);
  const auto outcome = users.begin(1, login);

  REQUIRE(users.end_all(0, subject("ana")).status.ok());
  users.simulation().network().heal();
  users.wait_for({outcome});

  CHECK(outcome->result->status.code() == StatusCode::kAborted);
  CHECK(users.list(3, subject("ana")).empty());
}

TEST_CASE("a session that gets a new id while all are ended does not escape", "[subjects]") {
  Users users;
  std::vector<std::shared_ptr<Outcome>> outcomes;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 20; ++i) ids.push_back(users.log_in(i % 4, "ana"));
  const int delay = GENERATE(0, 500, 1500, 3000);
  const auto ended = users.begin(0, Question{.inquiry = Inquiry::kEnd, .key = subject("ana")});
  users.simulation().run_for(Duration(delay));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    outcomes.push_back(users.begin(i % 4, Operation{.verb = Verb::kRotate, .id = ids[i]}));
    outcomes.push_back(users.begin((i + 1) % 4, Operation{.verb = Verb::kRotate, .id = ids[i]}));
  }

  REQUIRE(users.simulation().run_until([&] { return ended->has_value(); }));
  users.wait_for(outcomes);

  CHECK(users.list(3, subject("ana")).empty());
  for (const auto& outcome : outcomes) {
    if (outcome->ok()) CHECK(users.get(0, outcome->id()) == StatusCode::kNotFound);
  }
}

TEST_CASE("no session escapes by a new id while it waits for its end", "[subjects]") {
  // So many that they do not all begin to end in one step.
  constexpr std::size_t kSessions = 1500;
  Users users;
  std::vector<std::shared_ptr<Outcome>> logged_in;
  for (std::size_t i = 0; i < kSessions; ++i) {
    logged_in.push_back(users.begin(i % 4, login_of("ana"), seconds(20)));
  }
  users.wait_for(logged_in);
  const auto ended =
      users.begin(0, Question{.inquiry = Inquiry::kEnd, .key = subject("ana")}, seconds(20));
  const std::chrono::seconds overlap(GENERATE(0, 5));
  const int delay = GENERATE(0, 2500, 5000);
  users.simulation().run_for(Duration(delay));
  std::vector<std::shared_ptr<Outcome>> renewed;
  for (std::size_t i = 0; i < kSessions; ++i) {
    renewed.push_back(users.begin(
        i % 4, Operation{.verb = Verb::kRotate, .id = logged_in[i]->id(), .overlap = overlap}));
  }

  REQUIRE(users.simulation().run_until([&] { return ended->has_value(); }));
  REQUIRE((*ended)->status.ok());
  users.wait_for(renewed);

  CHECK(users.list(3, subject("ana")).empty());
  const bool some = std::any_of(renewed.begin(), renewed.end(),
                                [](const auto& outcome) { return outcome->ok(); });
  for (std::size_t i = 0; i < kSessions && some; i += 100) {
    CHECK(users.get(0, logged_in[i]->id()) == StatusCode::kNotFound);
  }
}

TEST_CASE("an id that was given up is no session of its own, and spares its session",
          "[subjects]") {
  Users users;
  const std::string old_id = users.log_in(0, "ana", {{"app", "mail"}});
  const std::string other = users.log_in(1, "ana");
  const Result renewed =
      users.ask(2, {.verb = Verb::kRotate, .id = old_id, .overlap = std::chrono::seconds(30)});
  const std::string new_id(renewed.record->id());
  REQUIRE(users.get(3, old_id) == StatusCode::kOk);

  CHECK(users.list(1, subject("ana")) == std::set<std::string>{new_id, other});
  CHECK(users.count(2, label("app", "mail")) == 1);
  CHECK(users.end_all(3, subject("ana"), old_id).count == 1);
  CHECK(users.list(0, subject("ana")) == std::set<std::string>{new_id});
  CHECK(users.end_all(1, label("app", "mail")).count == 1);
  CHECK(users.get(2, old_id) == StatusCode::kNotFound);
}

TEST_CASE("a login that keeps its id is ended and limited as others are", "[subjects]") {
  const bool limited = GENERATE(true, false);
  Users users(limited ? with_limit(2, node::WhenFull::kRefuseNew) : four_members());
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 40; ++i) {
    const Result login = users.ask(i % 4, {.verb = Verb::kCreate, .lifetime = {}});
    ids.emplace_back(login.record->id());
  }
  const auto authenticate = [&](const std::string& id) {
    return Operation{.verb = Verb::kAuthenticate, .id = id, .subject = "ana", .keep_id = true};
  };
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    outcomes.push_back(users.begin(i % 4, authenticate(ids[i]), seconds(20)));
  }

  if (limited) {
    users.wait_for(outcomes);
    CHECK(count_of(outcomes, StatusCode::kOk) == 2);
    CHECK(users.count(0, subject("ana")) == 2);
  } else {
    users.simulation().run_for(Duration(GENERATE(0, 500, 1000, 1500, 2000, 3000)));
    REQUIRE(users.end_all(1, subject("ana")).status.ok());
    users.wait_for(outcomes);
    CHECK(users.list(2, subject("ana")).empty());
  }
}

TEST_CASE("sessions are ended whichever member fails meanwhile", "[subjects]") {
  Users users;
  const std::size_t victim = GENERATE(1u, 2u, 3u);
  const int delay = GENERATE(0, 1000, 3000);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 40; ++i) ids.push_back(users.log_in(i % 4, "ana"));
  const auto ended =
      users.begin(0, Question{.inquiry = Inquiry::kEnd, .key = subject("ana")}, seconds(30));
  users.simulation().run_for(Duration(delay));
  users.simulation().crash(victim);

  REQUIRE(users.simulation().run_until([&] { return ended->has_value(); }));
  REQUIRE((*ended)->status.ok());

  CHECK(users.list(0, subject("ana")).empty());
  for (const std::string& id : ids) CHECK(users.get(0, id) == StatusCode::kNotFound);
}

TEST_CASE("sessions are found and ended by their labels, logins in progress too", "[subjects]") {
  Users users;
  const std::string mail = users.log_in(0, "ana", {{"app", "mail"}, {"realm", "blue"}});
  const std::string chat = users.log_in(1, "ana", {{"app", "chat"}, {"realm", "blue"}});
  const Result login = users.ask(
      2, {.verb = Verb::kCreate, .lifetime = {}, .labels = session::label_keys({{"app", "mail"}})});
  const Result session = users.ask(3, {.verb = Verb::kAuthenticate,
                                       .id = std::string(login.record->id()),
                                       .subject = "bob",
                                       .labels = session::label_keys({{"realm", "blue"}})});
  const std::string both(session.record->id());

  CHECK(users.list(3, label("app", "mail")) == std::set<std::string>{mail, both});
  CHECK(users.count(2, label("realm", "blue")) == 3);
  CHECK(users.end_all(1, label("app", "mail")).count == 2);
  CHECK(users.list(0, label("realm", "blue")) == std::set<std::string>{chat});
  CHECK(users.get(0, both) == StatusCode::kNotFound);
}

TEST_CASE("of a hundred logins at once no more succeed than the subject may have", "[subjects]") {
  Users users(with_limit(50, node::WhenFull::kRefuseNew));
  const auto outcomes = logins(users, 100, "ana");
  users.wait_for(outcomes);

  CHECK(count_of(outcomes, StatusCode::kOk) == 50);
  CHECK(count_of(outcomes, StatusCode::kResourceExhausted) == 50);
  CHECK(users.count(0, subject("ana")) == 50);
  // Others are not concerned, and a place that becomes free can be taken.
  users.log_in(1, "bob");
  const auto one = std::find_if(outcomes.begin(), outcomes.end(),
                                [](const auto& outcome) { return outcome->ok(); });
  users.ask(2, {.verb = Verb::kRevoke, .id = (*one)->id()});
  users.log_in(3, "ana");
  CHECK(users.ask(3, login_of("ana")).status.code() == StatusCode::kResourceExhausted);
}

TEST_CASE("authenticating and getting a new id take one place", "[subjects]") {
  Users users(with_limit(1, node::WhenFull::kRefuseNew));
  const Result login = users.ask(0, {.verb = Verb::kCreate, .lifetime = {}});
  const Result session = users.ask(
      1, {.verb = Verb::kAuthenticate, .id = std::string(login.record->id()), .subject = "ana"});
  REQUIRE(session.status.ok());
  const Result rotated =
      users.ask(2, {.verb = Verb::kRotate, .id = std::string(session.record->id())});
  REQUIRE(rotated.status.ok());

  CHECK(users.ask(3, login_of("ana")).status.code() == StatusCode::kResourceExhausted);
  const Result other = users.ask(0, {.verb = Verb::kCreate, .lifetime = {}});
  CHECK(users
            .ask(1, {.verb = Verb::kAuthenticate,
                     .id = std::string(other.record->id()),
                     .subject = "ana"})
            .status.code() == StatusCode::kResourceExhausted);
  // The login goes on, and may be somebody else's.
  CHECK(users
            .ask(1, {.verb = Verb::kAuthenticate,
                     .id = std::string(other.record->id()),
                     .subject = "bob"})
            .status.ok());
}

TEST_CASE("at the limit the oldest session ends for the newest", "[subjects]") {
  Users users(with_limit(3, node::WhenFull::kEndOldest));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 8; ++i) {
    ids.push_back(users.log_in(i % 4, "ana"));
    users.simulation().run_for(milliseconds(50));
  }

  CHECK(users.list(0, subject("ana")) == std::set<std::string>(ids.end() - 3, ids.end()));
}

TEST_CASE("a hundred logins at once all succeed if each may end the oldest", "[subjects]") {
  Users users(with_limit(5, node::WhenFull::kEndOldest));
  const auto outcomes = logins(users, 100, "ana");
  users.wait_for(outcomes);

  CHECK(count_of(outcomes, StatusCode::kOk) == 100);
  CHECK(users.count(0, subject("ana")) == 5);
}

TEST_CASE("a limit holds while members fail", "[subjects]") {
  const auto when_full = GENERATE(node::WhenFull::kRefuseNew, node::WhenFull::kEndOldest);
  const std::size_t victim = GENERATE(0u, 1u, 2u, 3u);
  const int delay = GENERATE(0, 1000, 3000, 6000);
  Users users(with_limit(10, when_full));
  const auto outcomes = logins(users, 100, "ana");
  users.simulation().run_for(Duration(delay));
  users.simulation().crash(victim);
  users.wait_for(outcomes);
  REQUIRE(users.simulation().run_until_whole());

  const std::size_t at = victim == 0 ? 1 : 0;
  CHECK(users.count(at, subject("ana")) <= 10);
  CHECK(users.list(at, subject("ana")).size() == users.count(at, subject("ana")));
  if (when_full == node::WhenFull::kRefuseNew) {
    CHECK(count_of(outcomes, StatusCode::kOk) <= 10);
  }
}

}  // namespace
}  // namespace sojourn::simulation
