// What auth services ask of single-use values, counters and revoked tokens, in clusters of four.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "session/companion.h"
#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Result;
using replication::Verb;
using session::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMembers = 4;

std::string id_of(Kind kind, const std::string& name) {
  return std::string(session::CompanionId(kind, name).text());
}

Operation put(const std::string& name, std::string value, seconds lifetime = seconds(600)) {
  return {.verb = Verb::kPutOnce,
          .id = id_of(Kind::kSingleUse, name),
          .lifetime = {lifetime, lifetime},
          .value = std::move(value)};
}
Operation take(const std::string& name) {
  return {.verb = Verb::kTake, .id = id_of(Kind::kSingleUse, name)};
}
Operation look(Kind kind, const std::string& name) {
  return {.verb = Verb::kLook, .id = id_of(kind, name), .touch = false};
}
Operation peek(const std::string& name) { return look(Kind::kSingleUse, name); }
Operation fail(const std::string& user, seconds lifetime = seconds(600)) {
  return {.verb = Verb::kAdd,
          .id = id_of(Kind::kCounter, user),
          .lifetime = {lifetime, lifetime},
          .amount = 1};
}
Operation reset(const std::string& user) {
  return {.verb = Verb::kResetCounter, .id = id_of(Kind::kCounter, user)};
}
Operation revoke(const std::string& token, seconds lifetime = seconds(600)) {
  return {.verb = Verb::kRevokeToken,
          .id = id_of(Kind::kRevokedToken, token),
          .lifetime = {lifetime, lifetime}};
}
Operation check(const std::string& token) { return look(Kind::kRevokedToken, token); }

class Cluster {
 public:
  explicit Cluster(std::uint64_t seed = 1) : simulation(seed, options()) {
    REQUIRE(simulation.run_until_whole());
  }
  ~Cluster() { CHECK(simulation.violations() == std::vector<std::string>()); }

  Result ask(std::size_t member, Operation operation) {
    const std::vector<Result> results = ask_at_once({{member, std::move(operation)}});
    return results.front();
  }
  StatusCode status(std::size_t member, Operation operation) {
    return ask(member, std::move(operation)).status.code();
  }
  std::string value(std::size_t member, Operation operation) {
    const Result result = ask(member, std::move(operation));
    return result.status.ok() && result.record ? std::string(session::content_of(*result.record))
                                               : result.status.ToString();
  }
  std::uint64_t count(std::size_t member, Operation operation) {
    const Result result = ask(member, std::move(operation));
    if (absl::IsNotFound(result.status)) return 0;
    REQUIRE(result.status.ok());
    return session::count_of(*result.record);
  }

  // All at the same instant; the results in the same order. A member that crashed answered nothing
  // (kCancelled).
  std::vector<Result> ask_at_once(
      std::vector<std::pair<std::size_t, Operation>> calls,
      const std::function<void()>& meanwhile = [] {}) {
    std::vector<std::optional<Result>> results(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      simulation.call(calls[i].first, std::move(calls[i].second), seconds(5),
                      [&results, i](std::optional<Result> result) {
                        results[i] = result ? *result : Result{.status = absl::CancelledError()};
                      });
    }
    meanwhile();
    REQUIRE(simulation.run_until([&] {
      return std::all_of(results.begin(), results.end(),
                         [](const auto& result) { return result.has_value(); });
    }));
    std::vector<Result> all;
    for (std::optional<Result>& result : results) all.push_back(*std::move(result));
    return all;
  }

  std::size_t owner(const Operation& operation) { return simulation.owners(operation.id).front(); }
  // Some member that is up and does not own it.
  std::size_t other_than_owner(const Operation& operation) {
    const std::vector<std::size_t> owners = simulation.owners(operation.id);
    for (std::size_t member = 0; member < kMembers; ++member) {
      const bool owns = std::find(owners.begin(), owners.end(), member) != owners.end();
      if (!owns && simulation.node(member)) return member;
    }
    return 0;
  }

  Simulation simulation;

 private:
  static SimulationOptions options() {
    SimulationOptions options = {.members = kMembers, .copies = 2};
    options.network = {.mode = NetworkOptions::Mode::kStreams, .delay_max = milliseconds(1)};
    options.clock_offset_max = std::chrono::hours(1);
    return options;
  }
};

TEST_CASE("a value is put and taken, through whichever members", "[companions]") {
  Cluster cluster;

  CHECK(cluster.status(0, peek("state")) == StatusCode::kNotFound);
  CHECK(cluster.status(0, put("state", "nonce")) == StatusCode::kOk);
  for (std::size_t member = 0; member < kMembers; ++member) {
    CHECK(cluster.value(member, peek("state")) == "nonce");
    CHECK(cluster.status(member, put("state", "other")) == StatusCode::kAborted);
  }
  CHECK(cluster.value(2, take("state")) == "nonce");
  for (std::size_t member = 0; member < kMembers; ++member) {
    CHECK(cluster.status(member, peek("state")) == StatusCode::kNotFound);
    CHECK(cluster.status(member, take("state")) == StatusCode::kNotFound);
  }
  // The name is free again.
  CHECK(cluster.status(3, put("state", "new")) == StatusCode::kOk);
  CHECK(cluster.value(1, peek("state")) == "new");
}

TEST_CASE("a value that nobody takes ends when its lifetime is over", "[companions]") {
  Cluster cluster;
  REQUIRE(cluster.status(0, put("state", "nonce", seconds(30))) == StatusCode::kOk);

  cluster.simulation.run_for(seconds(29));
  CHECK(cluster.value(1, peek("state")) == "nonce");
  cluster.simulation.run_for(seconds(1));
  CHECK(cluster.status(1, take("state")) == StatusCode::kNotFound);
  CHECK(cluster.status(2, put("state", "new", seconds(30))) == StatusCode::kOk);
}

TEST_CASE("of concurrent takers on all members exactly one wins", "[companions]") {
  Cluster cluster;
  for (int round = 0; round < 20; ++round) {
    const std::string name = "token-" + std::to_string(round);
    REQUIRE(cluster.status(round % kMembers, put(name, "once")) == StatusCode::kOk);
    std::vector<std::pair<std::size_t, Operation>> takers;
    for (std::size_t i = 0; i < 5 * kMembers; ++i) takers.push_back({i % kMembers, take(name)});

    const std::vector<Result> results = cluster.ask_at_once(std::move(takers));

    std::size_t winners = 0;
    for (const Result& result : results) {
      winners += result.status.ok() ? 1 : 0;
      CHECK((result.status.ok() || absl::IsNotFound(result.status)));
    }
    CHECK(winners == 1);
  }
}

TEST_CASE("of concurrent puts on all members exactly one wins", "[companions]") {
  Cluster cluster;
  std::vector<std::pair<std::size_t, Operation>> puts;
  for (std::size_t i = 0; i < 5 * kMembers; ++i) {
    puts.push_back({i % kMembers, put("nonce", std::to_string(i))});
  }

  const std::vector<Result> results = cluster.ask_at_once(std::move(puts));

  std::vector<std::string> winners;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].status.ok()) winners.push_back(std::to_string(i));
  }
  REQUIRE(winners.size() == 1);
  CHECK(cluster.value(3, take("nonce")) == winners.front());
}

TEST_CASE("a value outlives its owner and is still taken once", "[companions]") {
  Cluster cluster;
  const std::size_t from = cluster.other_than_owner(take("action"));
  REQUIRE(cluster.status(from, put("action", "reset password")) == StatusCode::kOk);

  cluster.simulation.crash(cluster.owner(take("action")));

  CHECK(cluster.value(from, take("action")) == "reset password");
  CHECK(cluster.status(from, take("action")) == StatusCode::kNotFound);
  REQUIRE(cluster.simulation.run_until_whole());
  CHECK(cluster.status(from, take("action")) == StatusCode::kNotFound);
}

TEST_CASE("takers that a failover meets get the value once and never lose it", "[companions]") {
  // The owner dies at some instant of the call: before it has heard of it, with the write under
  // way, or with the answer under way, which the next owner must give again.
  const auto after = std::chrono::microseconds(GENERATE(100, 500, 1000, 1500, 2000, 2500, 3000));
  const std::uint64_t seed = GENERATE(1, 2, 3, 4, 5);
  Cluster cluster(seed);
  const std::size_t victim = cluster.owner(take("action"));
  const std::size_t from = cluster.other_than_owner(take("action"));
  REQUIRE(cluster.status(from, put("action", "reset password")) == StatusCode::kOk);

  const Result taken = cluster
                           .ask_at_once({{from, take("action")}},
                                        [&] {
                                          cluster.simulation.run_for(after);
                                          cluster.simulation.crash(victim);
                                        })
                           .front();

  REQUIRE(taken.status.ok());
  REQUIRE(taken.record);
  CHECK(session::content_of(*taken.record) == "reset password");
  CHECK(cluster.status(from, take("action")) == StatusCode::kNotFound);
}

TEST_CASE("concurrent login failures on all members are all counted", "[companions]") {
  Cluster cluster;
  std::vector<std::pair<std::size_t, Operation>> failures;
  for (std::size_t i = 0; i < 200; ++i) failures.push_back({i % kMembers, fail("ana")});

  std::vector<std::uint64_t> counts;
  for (const Result& result : cluster.ask_at_once(std::move(failures))) {
    REQUIRE(result.status.ok());
    counts.push_back(session::count_of(*result.record));
  }

  // Each saw a count of its own.
  std::sort(counts.begin(), counts.end());
  for (std::size_t i = 0; i < counts.size(); ++i) CHECK(counts[i] == i + 1);
  CHECK(cluster.count(2, look(Kind::kCounter, "ana")) == 200);
  CHECK(cluster.count(2, look(Kind::kCounter, "bo")) == 0);
}

TEST_CASE("login failures that a failover meets are counted once each", "[companions]") {
  const auto after = std::chrono::microseconds(GENERATE(100, 800, 1500, 2500));
  Cluster cluster(GENERATE(1, 2, 3));
  const std::size_t victim = cluster.owner(fail("ana"));
  std::vector<std::pair<std::size_t, Operation>> failures;
  for (std::size_t i = 0; failures.size() < 60; ++i) {
    if (i % kMembers != victim) failures.push_back({i % kMembers, fail("ana")});
  }

  const auto results = cluster.ask_at_once(std::move(failures), [&] {
    cluster.simulation.run_for(after);
    cluster.simulation.crash(victim);
  });

  for (const Result& result : results) CHECK(result.status.ok());
  CHECK(cluster.count((victim + 1) % kMembers, look(Kind::kCounter, "ana")) == 60);
}

TEST_CASE("a counter begins anew when its time is over or it is reset", "[companions]") {
  Cluster cluster;
  CHECK(cluster.count(0, fail("ana", seconds(60))) == 1);
  cluster.simulation.run_for(seconds(40));
  // Later failures do not put off the end.
  CHECK(cluster.count(1, fail("ana", seconds(60))) == 2);
  cluster.simulation.run_for(seconds(21));
  CHECK(cluster.count(2, look(Kind::kCounter, "ana")) == 0);
  CHECK(cluster.count(3, fail("ana", seconds(60))) == 1);

  CHECK(cluster.status(0, reset("ana")) == StatusCode::kOk);
  CHECK(cluster.status(0, reset("ana")) == StatusCode::kOk);
  CHECK(cluster.count(1, look(Kind::kCounter, "ana")) == 0);
  CHECK(cluster.count(2, fail("ana")) == 1);
}

TEST_CASE("a revoked token stays revoked through restarts of all members, until its time is over",
          "[companions]") {
  Cluster cluster;
  Simulation& simulation = cluster.simulation;
  const Time revoked_at = simulation.now();
  REQUIRE(cluster.status(0, revoke("jti", seconds(120))) == StatusCode::kOk);
  for (std::size_t member = 0; member < kMembers; ++member) {
    simulation.leave(member);
    REQUIRE(simulation.run_until([&] { return simulation.node(member) == nullptr; }));
    CHECK(cluster.status((member + 1) % kMembers, check("jti")) == StatusCode::kOk);
    simulation.start(member);
    REQUIRE(simulation.run_until_whole());
    CHECK(cluster.status(member, check("jti")) == StatusCode::kOk);
  }
  REQUIRE(simulation.now() < revoked_at + seconds(119));

  simulation.run_for(revoked_at + seconds(119) - simulation.now());
  CHECK(cluster.status(1, check("jti")) == StatusCode::kOk);
  // As late as what it was under way made it.
  simulation.run_for(seconds(2));
  CHECK(cluster.status(1, check("jti")) == StatusCode::kNotFound);
}

TEST_CASE("a shorter revocation does not end a longer one", "[companions]") {
  Cluster cluster;
  REQUIRE(cluster.status(0, revoke("jti", seconds(100))) == StatusCode::kOk);
  REQUIRE(cluster.status(1, revoke("jti", seconds(5))) == StatusCode::kOk);

  cluster.simulation.run_for(seconds(90));

  CHECK(cluster.status(2, check("jti")) == StatusCode::kOk);
}

TEST_CASE("when all copies are lost, nobody calls a token valid or a value new", "[companions]") {
  Cluster cluster;
  Simulation& simulation = cluster.simulation;
  // Not on the oldest member, so that the rest go on.
  std::string token = "jti";
  const auto held_by_oldest = [&] {
    const std::vector<std::size_t> owners = simulation.owners(check(token).id);
    return std::find(owners.begin(), owners.end(), 0) != owners.end();
  };
  while (held_by_oldest()) token += "i";
  // In the same segment, so lost with it.
  std::string name = "n";
  while (simulation.segment_of(put(name, "").id) != simulation.segment_of(check(token).id)) {
    name += "n";
  }
  REQUIRE(cluster.status(0, revoke(token)) == StatusCode::kOk);
  REQUIRE(cluster.status(0, put(name, "nonce")) == StatusCode::kOk);
  REQUIRE(cluster.status(0, take(name)) == StatusCode::kOk);

  for (const std::size_t owner : simulation.owners(check(token).id)) simulation.crash(owner);
  REQUIRE(simulation.run_until_whole());

  CHECK(cluster.status(0, check(token)) == StatusCode::kDataLoss);
  CHECK(cluster.status(0, put(name, "nonce")) == StatusCode::kDataLoss);
  CHECK(cluster.status(0, take(name)) == StatusCode::kDataLoss);
  CHECK(cluster.status(0, peek(name)) == StatusCode::kDataLoss);
  // To revoke is always possible, and known from then on.
  CHECK(cluster.status(0, revoke(token)) == StatusCode::kOk);
  CHECK(cluster.status(0, check(token)) == StatusCode::kOk);
  simulation.acknowledge_losses(0);
  REQUIRE(simulation.run_until_whole());
  REQUIRE(
      simulation.run_until([&] { return cluster.status(0, peek(name)) == StatusCode::kNotFound; }));
  CHECK(cluster.status(0, put(name, "nonce")) == StatusCode::kOk);
}

TEST_CASE("companions are no sessions, and kinds do not disturb each other", "[companions]") {
  Cluster cluster;
  REQUIRE(cluster.status(0, put("same", "value")) == StatusCode::kOk);
  REQUIRE(cluster.status(0, {.verb = Verb::kCreate, .id = "same"}) == StatusCode::kOk);
  CHECK(cluster.count(1, fail("same")) == 1);
  CHECK(cluster.status(1, check("same")) == StatusCode::kNotFound);
  REQUIRE(cluster.status(1, revoke("same")) == StatusCode::kOk);

  REQUIRE(cluster.status(2, {.verb = Verb::kRevoke, .id = "same"}) == StatusCode::kOk);

  CHECK(cluster.status(3, {.verb = Verb::kGet, .id = "same"}) == StatusCode::kNotFound);
  CHECK(cluster.value(3, take("same")) == "value");
  CHECK(cluster.count(3, look(Kind::kCounter, "same")) == 1);
  CHECK(cluster.status(3, check("same")) == StatusCode::kOk);
  std::uint64_t sessions = 0;
  std::uint64_t companions = 0;
  for (std::size_t member = 0; member < kMembers; ++member) {
    const table::Usage usage = cluster.simulation.node(member)->plane().table().usage();
    sessions += usage.login + usage.active;
    companions += usage.companions();
  }
  CHECK(sessions == 0);
  CHECK(companions == 2 * 2);
}

}  // namespace
}  // namespace sojourn::simulation
