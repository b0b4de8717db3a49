#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/time.h"

namespace sojourn::replication {

// When a primary begins to remove which number of the sessions whose time is up, so that a flood of
// them holds up nothing else (13.3 in docs/protocol.md, decision 0019):
//
//   a few after each pause;
//   one more for each other write that was committed: what is made as fast as can be goes as fast;
//   one more for each removal that was committed, while memory is short;
//
// and all of that only while not too many are under way. What is not begun at once is begun with
// the next of these. Not thread-safe.
class ExpiryPace {
 public:
  static constexpr std::size_t kAtOnce = 5;
  static constexpr Duration kPause = std::chrono::microseconds(500);
  // Removals that may be under way where other writes are not more.
  static constexpr std::size_t kUnderWay = 8;

  // The pause is over, and there are such sessions.
  void resume(Time now) {
    allowed_ = std::max(allowed_, kAtOnce);
    earns_ = true;
    pause(now);
  }
  // It is not known whether there are others.
  void pause(Time now) { resumes_at_ = now + kPause; }
  // None has been found for what is allowed: until the pause is over nothing more is.
  void forgo() {
    allowed_ = 0;
    earns_ = false;
  }
  // The pause is over, and there are none.
  void rest() {
    forgo();
    resumes_at_.reset();
  }
  // When to say one of these. `first`: when the first session's time is up that is not known to be.
  std::optional<Time> resumes_at(std::optional<Time> first) const {
    return resumes_at_ ? resumes_at_ : first;
  }

  // Something was committed that allows one more, if there are any.
  void earn() {
    if (earns_ && allowed_ < kEarnedMax) ++allowed_;
  }

  std::size_t allowed() const { return allowed_; }
  // Whether that may begin, where so many writes are under way or wait, removals included.
  bool has_room(std::size_t writes) const {
    return under_way_ < kUnderWay || 2 * under_way_ < writes;
  }

  void begin() {
    if (allowed_ > 0) --allowed_;
    ++under_way_;
  }
  // It was committed, or given up.
  void end() { --under_way_; }

 private:
  static constexpr std::size_t kEarnedMax = 1024;

  std::size_t allowed_ = 0;
  // Whether there are some to be removed, as far as is known.
  bool earns_ = false;
  std::size_t under_way_ = 0;
  std::optional<Time> resumes_at_;
};

}  // namespace sojourn::replication
