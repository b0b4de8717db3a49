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
#include "node/lookups.h"
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
  // By how much the members' clocks may be apart, how much too fast or slow they may run (in
  // thousandths), and how late members may start, at most.
  Duration clock_offset_max = std::chrono::hours(1);
  std::uint64_t drift_permille = 0;
  Duration start_spread = Duration::zero();
  // The last so many members start only when somebody says so.
  std::size_t late_members = 0;
  // The load is such that no member must ever hold more than its bound.
  bool memory_is_bounded = false;
  // So many of a thousand reads of other members' sessions take the short way first.
  std::uint64_t direct_permille = 0;
  // Whether the messages of one frame are handled before what follows from them goes out, as they
  // are where they come together; otherwise each of them by itself.
  bool frames_at_once = true;
  // Leaves a rule of the protocol out, to see what it is good for.
  Rules rules = {};

  // Everything drawn at random.
  static SimulationOptions draw(Random& random);
  // How many members hold each session, as things are.
  std::size_t holders() const;
  std::string describe() const;
};

// A cluster of production nodes in virtual time. One seed decides everything that happens.
//
// Watches, whatever is going on, that each call ends exactly once and in time, that a tick moves
// its deadline, that frames are what they should be, that no two layouts are installed under one
// epoch and nobody goes back, that no two members serve a segment at one time, that nobody commits
// what another member serves, and that whoever holds a lease is a member of every later view.
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
  // Until every member that is up is ready.
  bool run_until_ready(Duration limit = std::chrono::seconds(60));
  // Until every member that is up is ready, in one view of exactly these, and all copies are there.
  bool run_until_whole(Duration limit = std::chrono::seconds(60));
  bool is_whole() const;

  // Members, by number.

  const SimulationOptions& options() const { return options_; }
  std::size_t members() const { return members_.size(); }
  std::size_t members_up() const;
  // Null while the member is down.
  const node::Node* node(std::size_t member) const { return members_[member].node.get(); }
  const std::string& name(std::size_t member) const { return members_[member].name; }
  std::size_t member_called(const std::string& name) const;
  // Whether it is no witness.
  bool holds_sessions(std::size_t member) const {
    return member >= options_.capacities.size() || options_.capacities[member] > 0;
  }
  // Under the installed view of any member. Empty before there is one.
  std::vector<std::size_t> owners(std::string_view id) const;
  // Whether that segment was ever declared lost by anybody.
  bool was_lost(SegmentId segment) const { return lost_.contains(segment); }
  // When it was for the first time from then on.
  std::optional<Time> lost_since(SegmentId segment, Time time) const;
  SegmentId segment_of(std::string_view id) const {
    return ring::segment_of(id, options_.segments);
  }
  std::uint64_t views() const { return layouts_.size(); }
  // The simulation's time when that member's clock showed `local`.
  Time common_time(std::size_t member, Time local) const;
  // What that member's clock shows now.
  Time local_time(std::size_t member) const override;
  bool asleep(std::size_t member) const { return members_[member].asleep_until > now(); }

  // Nothing but the member's name survives.
  void crash(std::size_t member);
  // As a new incarnation, if it is down.
  void start(std::size_t member);
  // It asks to leave; when it has left its process ends, as after a crash.
  void leave(std::size_t member);
  // `member` learns that the process of `other`, which is down, is gone.
  void report_gone(std::size_t member, std::size_t other);
  void acknowledge_losses(std::size_t member);
  // It hears of members that do not exist.
  void deceive(std::size_t member, const std::string& name);
  // It does nothing for so long, and then finds all that has come meanwhile.
  void put_to_sleep(std::size_t member, Duration duration);

  Network& network() { return network_; }

  // Events.

  // Members have subscribers, from their next start on: each event that one is offered goes there.
  using OnEvent = std::function<void(std::size_t member, const node::Event& event)>;
  void listen(OnEvent on_event) { on_event_ = std::move(on_event); }
  // The subscribers of that member have had the event.
  void delivered(std::size_t member, SegmentId segment, Version number) {
    members_[member].node->delivered(segment, number);
  }
  // Counts the member's processes.
  std::uint64_t starts(std::size_t member) const { return members_[member].starts; }
  Time awake_at(std::size_t member) const { return members_[member].asleep_until; }

  // Calls.

  // Called once: with how the call ended, or with nothing if the member crashed meanwhile. It may
  // call again, but not crash anybody.
  using Done = std::function<void(std::optional<replication::Result>)>;
  // As the store carries it out: reads try the member's own table first.
  void call(std::size_t member, replication::Operation operation, Duration timeout, Done done);
  std::size_t calls_pending() const;
  // Likewise.
  using Answered = std::function<void(std::optional<replication::Findings>)>;
  void ask(std::size_t member, replication::Question question, Duration timeout, Answered done);

  // Judgement.

  std::uint64_t trace_hash() const { return network_.trace_hash(); }
  const std::vector<std::string>& violations() const { return violations_; }
  void violation(const std::string& what) override;

  // Every id that a write or a transfer gave to another member.
  const std::set<std::string>& replicated_ids() const { return replicated_ids_; }

 private:
  // Who waits for a call of a member.
  struct Waiting {
    Time deadline = {};
    Done done = {};
  };
  struct Member {
    std::string name = {};
    std::unique_ptr<SeededRandom> random = {};
    std::unique_ptr<node::Node> node = {};
    std::unique_ptr<node::Lookups<Waiting>> lookups = {};
    Incarnation incarnation = {};
    // Counts its processes.
    std::uint64_t starts = 0;
    Duration clock_offset = {};
    // How much too fast its clock runs, in thousandths.
    std::int64_t drift_permille = 0;
    Time asleep_until = {};
    // What it has installed, as far as it was compared with what others have.
    std::shared_ptr<const ring::Roles> roles = {};
    // By segment: up to where it was the last to commit.
    std::vector<Version> committed = {};
    // When the next tick is scheduled for, and how many came at this instant.
    std::optional<Time> tick_at = {};
    Time last_tick = {};
    int ticks_at_once = 0;
  };
  struct Asking {
    Time deadline = {};
    Answered done = {};
  };
  // Member and the node's number for the call.
  using CallKey = std::pair<std::size_t, std::uint64_t>;

  // NetworkUser.
  std::optional<Incarnation> incarnation(std::size_t member) const override;
  Time local_time_at(std::size_t member, Time time) const;
  Time asleep_until(std::size_t member) const override { return members_[member].asleep_until; }
  void receive(std::size_t to, std::size_t from, const wire::Frame& frame) override;

  void apply_effects(std::size_t member);
  void after_step(std::size_t member);
  void call_node(std::size_t member, replication::Operation operation, Duration timeout,
                 Waiting waiting);
  bool look_up(std::size_t member, const replication::Operation& operation, Duration timeout,
               const Waiting& waiting);
  void call_instead(std::size_t member, node::Lookups<Waiting>::Lookup lookup);
  void receive_direct(std::size_t to, std::size_t from, const wire::Frame& frame);
  void finish(std::size_t member, const char* what, Waiting waiting, replication::Result result);
  void finish(std::size_t member, node::Finished finished);
  void finish(std::size_t member, node::Inquiries::Answered answered);
  void arm(std::size_t member);
  void tick(std::size_t member, std::uint64_t start);
  void check_layout(std::size_t member);
  void check_serving(std::size_t member);
  void check_commits(std::size_t member);
  void check_memory(std::size_t member);
  void check_lease(std::size_t member);
  // The earliest time at which that member's clock shows `local`, or more.
  Time time_of(std::size_t member, Time local) const;

  const SimulationOptions options_;
  std::ostream* trace_ = nullptr;
  EventQueue events_;
  SeededRandom random_;
  std::vector<Member> members_;
  Network network_;
  std::map<CallKey, Waiting> calls_;
  std::map<CallKey, Asking> questions_;
  OnEvent on_event_;
  std::set<std::string> replicated_ids_;
  // Every layout that anybody installed, by generation and epoch, and the segments it calls lost,
  // with the epoch of each loss, and when it was declared.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::shared_ptr<const ring::Roles>> layouts_;
  std::map<SegmentId, std::map<std::pair<std::uint64_t, std::uint64_t>, Time>> lost_;
  std::vector<std::string> violations_;
};

// What a client sees of the record.
SeenSession seen(const session::Record& record);
SeenCompanion seen_companion(const session::Record& record);

}  // namespace sojourn::simulation
