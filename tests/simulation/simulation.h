#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "node/node.h"
#include "simulation/event_queue.h"
#include "simulation/history.h"
#include "simulation/network.h"

namespace sojourn::simulation {

struct SimulationOptions {
  std::size_t members = 3;
  // By member; those that are missing have capacity 1.
  std::vector<std::uint32_t> capacities = {};
  std::uint32_t copies = 2;
  std::uint32_t segments = 16;
  // Of each node; name, members, segments and copies are filled in.
  node::NodeOptions node = {};
  NetworkOptions network = {};
  // By how much the members' clocks may be apart, and how late members may start, at most.
  Duration clock_offset_max = std::chrono::hours(1);
  Duration start_spread = Duration::zero();

  // Everything drawn at random.
  static SimulationOptions draw(Random& random);
  // How many members hold each session, as things are.
  std::size_t holders() const;
  std::string describe() const;
};

// A cluster of production nodes in virtual time. One seed decides everything that happens.
//
// Watches, whatever is going on, that each call ends exactly once and in time, that a tick moves
// its deadline, that frames are what they should be, and that members that are up agree on one
// view.
//
// What a member knows of time are local_time() and arm(): drifting clocks would go there.
class Simulation final : private NetworkUser {
 public:
  Simulation(std::uint64_t seed, SimulationOptions options);
  ~Simulation() override;

  // Every event goes there in words.
  void trace_to(std::ostream* trace) { trace_ = trace; }
  void trace(const std::string& what);

  // Time.

  Time now() const { return events_.now(); }
  EventQueue& events() { return events_; }
  void run_for(Duration duration);
  // Runs until it is so, but no longer than `limit`; whether it is so.
  bool run_until(const std::function<bool()>& is_so, Duration limit = std::chrono::seconds(60));
  // Until every member that is up is in a view.
  bool run_until_ready(Duration limit = std::chrono::seconds(60));

  // Members, by number.

  const SimulationOptions& options() const { return options_; }
  std::size_t members() const { return members_.size(); }
  std::size_t members_up() const;
  // Null while the member is down.
  const node::Node* node(std::size_t member) const { return members_[member].node.get(); }
  const std::string& name(std::size_t member) const { return members_[member].name; }
  std::size_t member_called(const std::string& name) const;
  // Under the installed view of any member. Empty before there is one.
  std::vector<std::size_t> owners(std::string_view id) const;
  // The simulation's time when that member's clock showed `local`.
  Time common_time(std::size_t member, Time local) const;
  bool asleep(std::size_t member) const { return members_[member].asleep_until > now(); }

  // Nothing but the member's name survives.
  void crash(std::size_t member);
  // As a new incarnation, if it is down.
  void start(std::size_t member);
  // It does nothing for so long, and then finds all that has come meanwhile.
  void put_to_sleep(std::size_t member, Duration duration);

  Network& network() { return network_; }

  // Calls.

  // Called once: with how the call ended, or with nothing if the member crashed meanwhile. It may
  // call again, but not crash anybody.
  using Done = std::function<void(std::optional<replication::Result>)>;
  // As the store carries it out: reads try the member's own table first.
  void call(std::size_t member, replication::Operation operation, Duration timeout, Done done);
  std::size_t calls_pending() const { return calls_.size(); }

  // Judgement.

  std::uint64_t trace_hash() const { return network_.trace_hash(); }
  const std::vector<std::string>& violations() const { return violations_; }
  void violation(const std::string& what) override;

  // Every id that a write gave to a backup.
  const std::set<std::string>& replicated_ids() const { return replicated_ids_; }

 private:
  struct Member {
    std::string name = {};
    std::unique_ptr<SeededRandom> random = {};
    std::unique_ptr<node::Node> node = {};
    Incarnation incarnation = {};
    Duration clock_offset = {};
    Time asleep_until = {};
    // The view that was compared with those of the others.
    std::shared_ptr<const View> view = {};
    // When the next tick is scheduled for, and how many came at this instant.
    std::optional<Time> tick_at = {};
    Time last_tick = {};
    int ticks_at_once = 0;
  };
  // Who waits for a call of a member.
  struct Waiting {
    Time deadline = {};
    Done done = {};
  };
  // Member and the node's number for the call.
  using CallKey = std::pair<std::size_t, std::uint64_t>;

  // NetworkUser.
  std::optional<Incarnation> incarnation(std::size_t member) const override;
  Time local_time(std::size_t member) const override;
  Time asleep_until(std::size_t member) const override { return members_[member].asleep_until; }
  void receive(std::size_t to, std::size_t from, const wire::Frame& frame) override;

  void apply_effects(std::size_t member);
  void after_step(std::size_t member);
  void finish(std::size_t member, node::Finished finished);
  void arm(std::size_t member);
  void tick(std::size_t member, Incarnation incarnation);
  void check_view(std::size_t member);

  const SimulationOptions options_;
  std::ostream* trace_ = nullptr;
  EventQueue events_;
  SeededRandom random_;
  std::vector<Member> members_;
  Network network_;
  std::map<CallKey, Waiting> calls_;
  std::set<std::string> replicated_ids_;
  std::vector<std::string> violations_;
};

// What a client sees of the record.
SeenSession seen(const session::Record& record);

}  // namespace sojourn::simulation
