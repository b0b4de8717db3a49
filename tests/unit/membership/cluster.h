#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "membership/membership.h"

namespace sojourn::membership {

// Processes with a network between them, in virtual time: what Node and the runtime do with a
// Membership, and nothing else. Each process has a clock of its own.
//
// After each event it is checked that no two layouts were installed for one epoch, that whoever
// holds a lease is a member of every later view, and that nobody holds one beside another cluster
// that began anew: see violations().
class Cluster {
 public:
  // What the network does with messages.
  struct Network {
    Duration delay = std::chrono::milliseconds(1);
    // At random as much longer.
    Duration jitter = {};
    // One in so many is lost, comes again later, or is very late; 0: none is.
    std::uint64_t lost = 0;
    std::uint64_t repeated = 0;
    std::uint64_t late = 0;
  };

  // A message under way.
  struct Sent {
    std::string from = {};
    std::string to = {};
    Incarnation incarnation = {};
    std::uint64_t generation = 0;
    std::uint64_t epoch = 0;
    Message message = {};
  };

  // Processes of these names know each other. None runs yet.
  explicit Cluster(std::vector<std::string> names, std::uint64_t seed = 1);

  // What processes are started with from now on. `known` is filled in, and `self`.
  MembershipOptions options;
  Network network;
  // Whether members report that they have received everything.
  bool complete = true;
  // The rate of the clocks of processes that are started from now on.
  double clock_rate = 1;
  // Whether processes that are started from now on run elsewhere than those of their names before,
  // where the clock says something else.
  bool elsewhere = false;
  // A paused process that goes on hears its timers first, or the messages that have come.
  bool timers_first = true;

  void start(const std::string& name);
  void start(const std::string& name, MembershipOptions its_options);
  // All names of the constructor.
  void start_all();
  // The process is gone, and nobody is told.
  void crash(const std::string& name);
  // The process is gone, its address refuses, and the others notice.
  void kill(const std::string& name);
  // The process stands still; what is sent to it waits.
  void pause(const std::string& name);
  void go_on(const std::string& name);
  // Between the two nothing is delivered.
  void cut(const std::string& a, const std::string& b);
  void cut_off(const std::string& name);
  void mend();

  void pass(Duration duration);
  // Whether it came true within that time.
  bool pass_until(const std::function<bool()>& condition, Duration most);

  Membership& operator[](const std::string& name) { return *processes_.at(name).membership; }
  bool runs(const std::string& name) const { return processes_.contains(name); }
  Incarnation incarnation(const std::string& name) const {
    return processes_.at(name).membership->incarnation();
  }
  // Its members' names, those that leave in brackets; empty before the first view.
  std::string view(const std::string& name);
  std::string waiting_for(const std::string& name);
  bool holds_lease(const std::string& name);
  // For how long from now the member may act.
  Duration lease_left(const std::string& name);
  bool connected(const std::string& name, const std::string& other);
  // Whether all of them have installed one view with exactly these members.
  bool agree_on(const std::string& members, const std::vector<std::string>& names);

  // Calls `input` on a running process, and sends what comes of it.
  void on(const std::string& name, const std::function<void(Membership&, Time)>& input);
  // Delivers a message now, whatever happened since it was sent.
  void deliver(const Sent& sent);

  Duration now() const { return now_; }
  Time time_of(const std::string& name) const;
  // All that was ever sent, if `record` was set then.
  bool record = false;
  const std::vector<Sent>& recorded() const { return recorded_; }
  const std::vector<std::string>& notices() const { return notices_; }
  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t layouts() const { return layouts_.size(); }

 private:
  struct Process {
    std::unique_ptr<Membership> membership = {};
    double clock_rate = 1;
    Duration clock_offset = {};
    bool paused = false;
    std::vector<Sent> waiting = {};
    // The view whose progress was reported last.
    const void* reported = nullptr;
  };
  struct Event {
    Duration at = {};
    std::uint64_t order = 0;
    Sent sent = {};
    bool operator<(const Event& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };

  Time time_of(const Process& process) const;
  std::optional<Duration> due(const Process& process) const;
  void collect(const std::string& name);
  void post(const Sent& sent);
  void arrive(const Sent& sent);
  std::uint64_t life_of(const ring::Layout& layout);
  void check(const std::string& name);
  // Whatever comes next, up to `until`. False if nothing does.
  bool step(Duration until);

  const std::vector<std::string> names_;
  SeededRandom random_;
  Duration now_ = std::chrono::hours(1);
  std::uint64_t order_ = 0;
  std::uint64_t incarnations_ = 0;
  std::map<std::string, Process> processes_;
  std::map<std::string, Duration> clock_offsets_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::priority_queue<Event> under_way_;
  std::vector<Sent> recorded_;
  std::vector<std::string> notices_;
  // A cluster whose processes have all died begins again with another view 1: which of these lives
  // an incarnation belongs to.
  std::map<std::uint64_t, std::uint64_t> lives_;
  // By life, generation and epoch.
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;
  std::map<Key, ring::Layout> layouts_;
  std::vector<std::string> violations_;
};

// Processes of these names, in one view for a while.
Cluster running(const std::vector<std::string>& names);
// Members a and b in a view, and c, whom they know, not started yet.
Cluster two_of_three();

}  // namespace sojourn::membership
