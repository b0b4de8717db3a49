#pragma once

#include <chrono>
#include <cstdint>

namespace sojourn {

// The time that the protocol lives in: points and durations, deliberately without now(). The
// runtime passes the time in; it never goes back, and it says nothing about the wall clock or about
// the time of another member.
struct NodeClock {
  using duration = std::chrono::duration<std::int64_t, std::micro>;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<NodeClock>;
  static constexpr bool is_steady = true;
};

using Duration = NodeClock::duration;
using Time = NodeClock::time_point;

// What a clock says that may be a little behind: when it was asked it was neither earlier nor later
// than that. One that is not behind says the same twice.
struct Moment {
  Moment() = default;
  Moment(Time exact) : earliest(exact), latest(exact) {}  // NOLINT(google-explicit-constructor)
  Moment(Time earliest, Time latest) : earliest(earliest), latest(latest) {}

  Time earliest = {};
  Time latest = {};
};

}  // namespace sojourn
