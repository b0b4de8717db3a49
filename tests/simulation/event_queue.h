#pragma once

#include <absl/functional/any_invocable.h>

#include <cassert>
#include <cstdint>
#include <map>
#include <utility>

#include "base/time.h"

namespace sojourn::simulation {

// Virtual time: what happens when. Events of equal time run in the order in which they were added,
// so a run is the same on every machine.
class EventQueue {
 public:
  using Action = absl::AnyInvocable<void() &&>;

  Time now() const { return now_; }

  void at(Time time, Action action) {
    assert(time >= now_);
    actions_.emplace(std::pair(time, next_++), std::move(action));
  }
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  // Runs the next event if it is due by `end`. Otherwise time moves on to `end`, and the answer is
  // false.
  bool run_next(Time end) {
    if (actions_.empty() || actions_.begin()->first.first > end) {
      now_ = end;
      return false;
    }
    auto next = actions_.extract(actions_.begin());
    now_ = next.key().first;
    std::move(next.mapped())();
    return true;
  }

 private:
  Time now_ = {};
  std::uint64_t next_ = 0;
  std::map<std::pair<Time, std::uint64_t>, Action> actions_;
};

}  // namespace sojourn::simulation
