// Histories that go wrong in one known way, told step by step.

#include <optional>
#include <string>
#include <vector>

#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using replication::Operation;
using replication::Result;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::seconds;

SimulationOptions cluster_of(std::size_t members) {
  SimulationOptions options;
  options.members = members;
  options.segments = 16;
  options.clock_offset_max = Duration::zero();
  return options;
}

// A cluster in which nothing goes wrong by chance.
class Scenario {
 public:
  explicit Scenario(SimulationOptions options) : simulation(7, std::move(options)) {
    REQUIRE(simulation.run_until_whole());
  }

  // The outcome of a call at that member; kUnknown if its process ended meanwhile.
  Result ask(std::size_t member, Operation operation, Duration timeout = seconds(5)) {
    std::optional<Result> result;
    bool done = false;
    simulation.call(member, std::move(operation), timeout, [&](std::optional<Result> outcome) {
      result = std::move(outcome);
      done = true;
    });
    REQUIRE(simulation.run_until([&] { return done; }));
    return result.value_or(Result{.status = absl::UnknownError("its process ended")});
  }

  std::string log_in(std::size_t member) {
    const Result made = ask(member, {.verb = Verb::kCreate,
                                     .phase = Phase::kActive,
                                     .subject = "ana",
                                     .lifetime = {std::chrono::hours(1), std::chrono::hours(1)}});
    REQUIRE(made.status.ok());
    return std::string(made.record->id());
  }
  absl::Status get(std::size_t member, const std::string& id, Duration timeout = seconds(5)) {
    return ask(member, {.verb = Verb::kGet, .id = id}, timeout).status;
  }
  absl::Status log_out(std::size_t member, const std::string& id) {
    return ask(member, {.verb = Verb::kRevoke, .id = id}).status;
  }
  std::size_t owner(const std::string& id) { return simulation.owners(id).front(); }
  void restart(std::size_t member) {
    simulation.leave(member);
    REQUIRE(simulation.run_until([&] { return simulation.node(member) == nullptr; }));
    simulation.start(member);
    REQUIRE(simulation.run_until_whole());
  }
  std::string reason(std::size_t member) {
    return simulation.node(member)->waiting_for(simulation.local_time(member));
  }
  // Cut off from everybody, both ways.
  void isolate(std::size_t lonely) {
    for (std::size_t other = 0; other < simulation.members(); ++other) {
      if (other == lonely) continue;
      simulation.network().cut(lonely, other);
      simulation.network().cut(other, lonely);
    }
  }
  ~Scenario() {
    for (const std::string& violation : simulation.violations()) UNSCOPED_INFO(violation);
    CHECK(simulation.violations().empty());
  }

  Simulation simulation;
};

TEST_CASE("a session outlives its owner", "[scenario]") {
  Scenario scenario(cluster_of(3));
  const std::string id = scenario.log_in(0);
  const std::size_t owner = scenario.owner(id);

  scenario.simulation.crash(owner);

  CHECK(scenario.get((owner + 1) % 3, id).ok());
  scenario.simulation.start(owner);
  REQUIRE(scenario.simulation.run_until_whole());
  CHECK(scenario.get(owner, id).ok());
}

TEST_CASE("all members restart one after the other, and nobody is logged out or in again",
          "[scenario]") {
  Scenario scenario(cluster_of(3));
  const std::string here = scenario.log_in(0);
  const std::string gone = scenario.log_in(1);
  REQUIRE(scenario.log_out(2, gone).ok());

  for (const std::size_t member : {0, 1, 2}) scenario.restart(member);

  for (const std::size_t member : {0, 1, 2}) {
    CHECK(scenario.get(member, here).ok());
    CHECK(absl::IsNotFound(scenario.get(member, gone)));
  }
}

TEST_CASE("four of five leave at once, and the fifth has everything", "[scenario]") {
  Scenario scenario(cluster_of(5));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 20; ++i) ids.push_back(scenario.log_in(i % 5));

  for (const std::size_t member : {0, 1, 2, 3}) scenario.simulation.leave(member);
  REQUIRE(scenario.simulation.run_until([&] { return scenario.simulation.members_up() == 1; }));
  REQUIRE(scenario.simulation.run_until_whole());

  for (const std::string& id : ids) CHECK(scenario.get(4, id).ok());
}

TEST_CASE("two graceful leaves that overlap lose nothing", "[scenario]") {
  Scenario scenario(cluster_of(4));
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 20; ++i) ids.push_back(scenario.log_in(i % 4));

  scenario.simulation.leave(0);
  scenario.simulation.run_for(milliseconds(5));
  scenario.simulation.leave(1);
  REQUIRE(scenario.simulation.run_until([&] { return scenario.simulation.members_up() == 2; }));

  for (const std::string& id : ids) CHECK(scenario.get(2, id).ok());
}

TEST_CASE("of two members the older goes on alone", "[scenario]") {
  Scenario scenario(cluster_of(2));
  const std::string id = scenario.log_in(1);

  scenario.simulation.crash(1);

  CHECK(scenario.get(0, id).ok());
}

TEST_CASE("of two members the younger waits for the older, and goes on when it returns",
          "[scenario]") {
  Scenario scenario(cluster_of(2));
  const std::string id = scenario.log_in(0);
  scenario.simulation.crash(0);
  // Whether a refused connection is noticed is drawn; here it is.
  scenario.simulation.report_gone(1, 0);

  const absl::Status meanwhile = scenario.get(1, id, seconds(2));
  CHECK(absl::IsUnavailable(meanwhile));
  CHECK(scenario.reason(1).find("the majority of view") != std::string::npos);

  scenario.simulation.start(0);
  REQUIRE(scenario.simulation.run_until_whole());
  CHECK(scenario.get(0, id).ok());
  CHECK(scenario.get(1, id).ok());
}

TEST_CASE("what may have gone on alone unseen is not taken for what it was", "[scenario]") {
  Scenario scenario(cluster_of(2));
  const std::string id = scenario.log_in(0);
  scenario.isolate(1);
  scenario.simulation.run_for(seconds(10));
  REQUIRE(scenario.log_out(0, id).ok());  // by the older member alone
  scenario.simulation.crash(0);
  scenario.simulation.network().heal();
  scenario.simulation.start(0);
  scenario.simulation.run_for(seconds(10));

  CHECK_FALSE(scenario.get(1, id, seconds(1)).ok());
  CHECK(scenario.reason(1).find("an operator must decide") != std::string::npos);
}

TEST_CASE("a witness makes the two members equal", "[scenario]") {
  SimulationOptions options = cluster_of(3);
  options.capacities = {1, 1, 0};
  Scenario scenario(options);
  const std::string id = scenario.log_in(0);

  scenario.simulation.crash(0);

  CHECK(scenario.get(1, id).ok());
}

TEST_CASE("a member that slept through its exclusion answers nothing of what it knew",
          "[scenario]") {
  Scenario scenario(cluster_of(3));
  const std::string id = scenario.log_in(0);
  const std::size_t owner = scenario.owner(id);
  scenario.simulation.put_to_sleep(owner, seconds(5));
  REQUIRE(scenario.log_out((owner + 1) % 3, id).ok());

  scenario.simulation.run_for(seconds(5));

  CHECK(absl::IsNotFound(scenario.get(owner, id)));
}

TEST_CASE("when all copies are lost that is said, until somebody takes note", "[scenario]") {
  SimulationOptions options = cluster_of(3);
  options.copies = 1;
  Scenario scenario(options);
  const std::string id = scenario.log_in(1);
  const std::size_t owner = scenario.owner(id);
  const std::size_t other = (owner + 1) % 3;

  scenario.simulation.crash(owner);
  CHECK(absl::IsDataLoss(scenario.get(other, id)));

  scenario.simulation.acknowledge_losses(other);
  scenario.simulation.run_for(seconds(2));
  CHECK(absl::IsNotFound(scenario.get(other, id)));
}

TEST_CASE("a member is heard by one of two and by the other not: one of them goes", "[scenario]") {
  Scenario scenario(cluster_of(3));
  const std::string id = scenario.log_in(0);
  scenario.simulation.network().cut(1, 2);
  scenario.simulation.network().cut(2, 1);

  scenario.simulation.run_for(seconds(8));

  CHECK(scenario.get(0, id).ok());
  const auto& view = scenario.simulation.node(0)->view();
  CHECK(view->members.size() == 2);
}

// The coordinator of a view change dies at each millisecond of it.
TEST_CASE("whenever the planner of a view dies, the others finish or replace it", "[scenario]") {
  for (int after = 0; after < 60; after += 2) {
    INFO("after " << after << " ms");
    SimulationOptions options = cluster_of(4);
    options.late_members = 1;
    Scenario scenario(options);
    const std::string id = scenario.log_in(1);
    scenario.simulation.start(3);
    scenario.simulation.run_for(milliseconds(150 + after));
    scenario.simulation.crash(0);

    REQUIRE(scenario.simulation.run_until_whole());
    CHECK(scenario.get(2, id).ok());
  }
}

// A joining member takes over segments while sessions are read through all members, at each
// millisecond of the transfer: the matrix of a get against a rebalance.
TEST_CASE("no get says not found falsely at any step of a transfer", "[scenario]") {
  for (int after = 0; after < 50; ++after) {
    INFO("after " << after << " ms");
    SimulationOptions options = cluster_of(4);
    options.late_members = 1;
    options.segments = 4;
    Scenario scenario(options);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 6; ++i) ids.push_back(scenario.log_in(i % 3));
    scenario.simulation.start(3);
    scenario.simulation.run_for(milliseconds(200 + after));

    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(scenario.get(i % 3, ids[i]).ok());
    }
  }
}

// Sender, receiver and planner die at each millisecond of the transfer.
TEST_CASE("a transfer may be cut short anywhere", "[scenario]") {
  for (const std::size_t victim : {0, 1, 3}) {
    for (int after = 0; after < 40; after += 2) {
      INFO("member " << victim << " after " << after << " ms");
      SimulationOptions options = cluster_of(4);
      options.late_members = 1;
      options.segments = 4;
      Scenario scenario(options);
      std::vector<std::string> ids;
      for (std::size_t i = 0; i < 6; ++i) ids.push_back(scenario.log_in(i % 3));
      scenario.simulation.start(3);
      scenario.simulation.run_for(milliseconds(200 + after));
      scenario.simulation.crash(victim);

      REQUIRE(scenario.simulation.run_until_whole());
      for (const std::string& id : ids) CHECK(scenario.get(2, id).ok());
    }
  }
}

}  // namespace
}  // namespace sojourn::simulation
