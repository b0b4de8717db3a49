// What becomes of sessions when members crash, leave and come back.

#include <absl/status/status.h>

#include <functional>
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

SimulationOptions cluster_of(std::size_t members) {
  SimulationOptions options = {.members = members, .copies = 2};
  options.network = {.mode = NetworkOptions::Mode::kStreams, .delay_max = milliseconds(1)};
  return options;
}

// A cluster with sessions that people have, and others that they have ended.
class People {
 public:
  explicit People(SimulationOptions options) : simulation_(1, std::move(options)) {
    REQUIRE(simulation_.run_until_whole());
    for (int i = 0; i < 40; ++i) {
      const std::string id = session::draw_id(ids_);
      REQUIRE(ask(0, {.verb = Verb::kCreate, .id = id}) == StatusCode::kOk);
      if (i % 2 == 0) {
        REQUIRE(ask(0, {.verb = Verb::kRevoke, .id = id}) == StatusCode::kOk);
        ended_.push_back(id);
      } else {
        kept_.push_back(id);
      }
    }
  }
  ~People() { CHECK(simulation_.violations() == std::vector<std::string>()); }

  Simulation& simulation() { return simulation_; }

  StatusCode ask(std::size_t member, Operation operation) {
    std::optional<StatusCode> status;
    simulation_.call(member, std::move(operation), seconds(1),
                     [&](std::optional<replication::Result> result) {
                       status = result ? result->status.code() : StatusCode::kCancelled;
                     });
    REQUIRE(simulation_.run_until([&] { return status.has_value(); }));
    return *status;
  }

  // Whether everybody who is up finds what is kept, and nothing else.
  bool all_is_there() {
    for (std::size_t member = 0; member < simulation_.members(); ++member) {
      if (!simulation_.node(member)) continue;
      for (const std::string& id : kept_) {
        if (ask(member, {.verb = Verb::kGet, .id = id}) != StatusCode::kOk) return false;
      }
      for (const std::string& id : ended_) {
        if (ask(member, {.verb = Verb::kGet, .id = id}) != StatusCode::kNotFound) return false;
      }
    }
    return true;
  }

  // From now on, every so often, everybody who is up is asked for what is kept. They may not know;
  // but they may not deny it.
  void keep_asking() {
    simulation_.events().after(milliseconds(7), [this] {
      for (std::size_t member = 0; member < simulation_.members(); ++member) {
        if (!simulation_.node(member)) continue;
        const std::string& id = kept_[asked_++ % kept_.size()];
        simulation_.call(member, {.verb = Verb::kGet, .id = id}, milliseconds(250),
                         [this](std::optional<replication::Result> result) {
                           if (!result) return;
                           denied_ += result->status.code() == StatusCode::kNotFound;
                           denied_ += result->status.code() == StatusCode::kDataLoss;
                         });
      }
      keep_asking();
    });
  }
  std::size_t asked() const { return asked_; }
  std::size_t denied() const { return denied_; }

 private:
  Simulation simulation_;
  SeededRandom ids_{2};
  std::vector<std::string> kept_;
  std::vector<std::string> ended_;
  std::size_t asked_ = 0;
  std::size_t denied_ = 0;
};

TEST_CASE("whichever of two dies and returns, the other has kept everything", "[scenario]") {
  People people(cluster_of(2));
  const std::size_t victim = GENERATE(0, 1);

  people.simulation().crash(victim);
  // Back while the promises to its last process still stand, which proves that it died in time.
  people.simulation().run_for(milliseconds(200));
  people.simulation().start(victim);

  REQUIRE(people.simulation().run_until_whole());
  CHECK(people.all_is_there());
}

TEST_CASE("two members and a witness lose nothing when any one of them dies", "[scenario]") {
  SimulationOptions options = cluster_of(3);
  options.capacities = {1, 1, 0};
  People people(options);
  people.keep_asking();

  people.simulation().crash(GENERATE(0, 1, 2));

  REQUIRE(people.simulation().run_until_whole());
  CHECK(people.all_is_there());
  CHECK(people.denied() == 0);
}

TEST_CASE("a rolling restart keeps every session and every logout", "[scenario]") {
  People people(cluster_of(3));
  Simulation& simulation = people.simulation();
  people.keep_asking();

  for (const std::size_t member : {0, 1, 2}) {
    simulation.leave(member);
    REQUIRE(simulation.run_until([&] { return simulation.node(member) == nullptr; }));
    simulation.start(member);
    REQUIRE(simulation.run_until_whole());
    CHECK(people.all_is_there());
  }

  CHECK(people.asked() > 100);
  CHECK(people.denied() == 0);
}

TEST_CASE("all but one may leave at once, and that one has everything", "[scenario]") {
  const std::size_t members = GENERATE(2, 3, 5);
  People people(cluster_of(members));
  Simulation& simulation = people.simulation();
  people.keep_asking();

  for (std::size_t member = 1; member < members; ++member) simulation.leave(member);

  REQUIRE(simulation.run_until([&] { return simulation.members_up() == 1; }));
  REQUIRE(simulation.run_until_whole());
  CHECK(people.all_is_there());
  CHECK(people.denied() == 0);
}

TEST_CASE("a second member that leaves while the first still does takes nothing along",
          "[scenario]") {
  People people(cluster_of(4));
  Simulation& simulation = people.simulation();
  people.keep_asking();

  simulation.leave(1);
  simulation.run_for(milliseconds(GENERATE(1, 5, 20, 100, 400)));
  simulation.leave(2);

  REQUIRE(simulation.run_until([&] { return simulation.members_up() == 2; }));
  REQUIRE(simulation.run_until_whole());
  CHECK(people.all_is_there());
  CHECK(people.denied() == 0);
}

TEST_CASE("a member that crashes at any instant of a change of views takes nothing along",
          "[scenario]") {
  SimulationOptions options = cluster_of(4);
  options.late_members = 1;
  People people(options);
  Simulation& simulation = people.simulation();
  people.keep_asking();
  const std::size_t victim = GENERATE(0, 1, 2);
  const int after = GENERATE(1, 30, 100, 200, 400, 800);

  simulation.start(3);
  simulation.run_for(milliseconds(after));
  simulation.crash(victim);
  REQUIRE(simulation.run_until_whole());
  simulation.start(victim);

  REQUIRE(simulation.run_until_whole());
  CHECK(people.all_is_there());
  CHECK(people.denied() == 0);
}

}  // namespace
}  // namespace sojourn::simulation
