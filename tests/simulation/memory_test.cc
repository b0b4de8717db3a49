// A flood of half-finished logins, far more than there is memory for.

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "session/id_draw.h"
#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Result;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kUsers = 60;
constexpr std::size_t kBots = 12;
// A login each so often, so that what comes within a heartbeat is less than what is kept free.
constexpr Duration kBotPause = milliseconds(12);

SimulationOptions options_of(bool end_oldest) {
  SimulationOptions options = {.members = 3, .copies = 2};
  options.network = {.mode = NetworkOptions::Mode::kStreams, .delay_max = milliseconds(1)};
  options.node.membership.heartbeat_interval = milliseconds(50);
  options.node.plane.memory_bytes = 300'000;
  options.node.plane.end_oldest_logins = end_oldest;
  return options;
}

// Users with active sessions, who read them now and then, and bots that begin logins as fast as
// they are answered.
class Flood {
 public:
  explicit Flood(SimulationOptions options) : simulation_(1, std::move(options)) {
    REQUIRE(simulation_.run_until_whole());
    for (std::size_t i = 0; i < kUsers; ++i) {
      users_.push_back(session::draw_id(random_));
      const Operation create = {
          .verb = Verb::kCreate, .id = users_.back(), .phase = Phase::kActive, .subject = "ana"};
      REQUIRE(ask(create) == StatusCode::kOk);
    }
  }
  ~Flood() { CHECK(simulation_.violations() == std::vector<std::string>()); }

  Simulation& simulation() { return simulation_; }

  void run_for(Duration duration) {
    end_ = simulation_.now() + duration;
    for (std::size_t i = 0; i < kBots; ++i) next_login();
    for (std::size_t i = 0; i < kUsers; ++i) next_read(i);
    simulation_.run_for(duration + seconds(2));
  }

  StatusCode ask(Operation operation) {
    std::optional<StatusCode> status;
    call(std::move(operation), [&](StatusCode code) { status = code; });
    REQUIRE(simulation_.run_until([&] { return status.has_value(); }));
    return *status;
  }

  // How reads of users and logins of bots ended.
  std::map<StatusCode, int> reads;
  std::map<StatusCode, int> logins;

  std::uint64_t sum(const std::function<std::uint64_t(const replication::Plane&)>& of) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < simulation_.members(); ++i) {
      if (simulation_.node(i)) sum += of(simulation_.node(i)->plane());
    }
    return sum;
  }

 private:
  void call(Operation operation, std::function<void(StatusCode)> done) {
    std::size_t member = random_.below(simulation_.members());
    while (!simulation_.node(member)) member = (member + 1) % simulation_.members();
    simulation_.call(member, std::move(operation), seconds(1),
                     [done = std::move(done)](std::optional<Result> result) {
                       done(result ? result->status.code() : StatusCode::kCancelled);
                     });
  }
  void next_login() {
    if (simulation_.now() >= end_) return;
    call({.verb = Verb::kCreate,
          .lifetime = {minutes(1), minutes(1)},
          .attributes = {{"state", std::string(100, 's')}}},
         [this](StatusCode status) {
           ++logins[status];
           simulation_.events().after(kBotPause, [this] { next_login(); });
         });
  }
  void next_read(std::size_t user) {
    if (simulation_.now() >= end_) return;
    call({.verb = Verb::kGet, .id = users_[user]}, [this, user](StatusCode status) {
      ++reads[status];
      simulation_.events().after(milliseconds(1 + random_.below(500)),
                                 [this, user] { next_read(user); });
    });
  }

  Simulation simulation_;
  SeededRandom random_{2};
  std::vector<std::string> users_;
  Time end_ = {};
};

TEST_CASE("a flood of logins leaves users their sessions, and room for new ones", "[memory]") {
  const bool end_oldest = GENERATE(false, true);
  CAPTURE(end_oldest);
  SimulationOptions options = options_of(end_oldest);
  options.memory_is_bounded = true;
  Flood flood(options);

  flood.run_for(seconds(10));

  const int made = flood.logins[StatusCode::kOk];
  const int refused = flood.logins[StatusCode::kResourceExhausted];
  CHECK(made + refused > 5000);
  CHECK(flood.logins.size() == (end_oldest && refused == 0 ? 1 : 2));
  const auto ended = flood.sum([](const auto& plane) { return plane.logins_ended_for_room(); });
  if (end_oldest) {
    CHECK(made > 9 * refused);
    CHECK(ended > 3000);
  } else {
    CHECK(refused > made);
    CHECK(ended == 0);
  }
  CHECK(flood.reads.size() == 1);
  CHECK(flood.reads[StatusCode::kOk] > 1000);
  CHECK(flood.ask({.verb = Verb::kCreate, .phase = Phase::kActive, .subject = "eve"}) ==
        StatusCode::kOk);
  CHECK(flood.sum([](const auto& plane) { return plane.table().usage().active; }) ==
        2 * (kUsers + 1));

  flood.simulation().run_for(minutes(2));
  CHECK(flood.sum([](const auto& plane) { return plane.table().usage().login; }) == 0);
}

TEST_CASE("users keep their sessions when a member dies in a flood of logins", "[memory]") {
  const bool end_oldest = GENERATE(false, true);
  CAPTURE(end_oldest);
  Flood flood(options_of(end_oldest));
  Simulation& simulation = flood.simulation();
  simulation.events().after(seconds(3), [&] { simulation.crash(2); });
  simulation.events().after(seconds(7), [&] { simulation.start(2); });

  flood.run_for(seconds(12));

  REQUIRE(simulation.run_until_whole());
  CHECK(flood.reads[StatusCode::kNotFound] == 0);
  CHECK(flood.sum([](const auto& plane) { return plane.table().usage().active; }) == 2 * kUsers);
}

}  // namespace
}  // namespace sojourn::simulation
