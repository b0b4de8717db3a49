#pragma once

#include <chrono>
#include <ctime>

#include "base/time.h"

namespace sojourn::runtime {

// The clock of clock.h for readers that ask for it millions of times a second. Asking the processor
// for the time makes it finish every memory access first, so that it cannot begin those of the next
// lookup meanwhile: that is most of what a lookup takes. Therefore each thread reads the time once
// and believes it until the kernel's own clock has ticked, which it sees in memory that the kernel
// shares with every process: no system call, no thread of ours that could be late, and nothing that
// a process finds old when it is continued after having been stopped.
//
// How far behind it may be, and what must be true of the machine for that: decisions/0015. Where
// that is not known to be true, each reading is exact. Safe from any thread.
class CoarseClock {
 public:
  // The time is `moment`; what wall_offset() says of then.
  struct Reading {
    Moment moment = {};
    std::chrono::microseconds wall_offset = {};
  };

  // As exact as is needed to know whether `limit` has passed.
  static Reading read(Time limit = Time::max()) {
    timespec tick{};
    clock_gettime(CLOCK_REALTIME_COARSE, &tick);
    Known& mine = known_;
    const bool same = tick.tv_nsec == mine.tick.tv_nsec && tick.tv_sec == mine.tick.tv_sec;
    if (!same || mine.uses_left <= 0) return read_exactly(tick);
    // Whether it has passed by now is not to be known from that.
    if (mine.time < limit && limit <= mine.latest) return read_exactly(tick);
    --mine.uses_left;
    return {.moment = {mine.time, mine.latest}, .wall_offset = mine.wall_offset};
  }

  // Of the last reading of this thread.
  static std::chrono::microseconds last_wall_offset() { return known_.wall_offset; }

  // How far behind readings may be: zero where each is exact.
  static Duration lag_max();

 private:
  // What a thread knows.
  struct Known {
    // What the kernel's clock showed before the time was read. The wall clock, because it moves on
    // at once when a machine awakes; where it is set back it does not come to the same nanosecond.
    timespec tick = {};
    // 0 where each reading is exact.
    int uses_left = 0;
    Time time = {};
    Time latest = {};
    std::chrono::microseconds wall_offset = {};
  };

  static Reading read_exactly(timespec tick);

  static thread_local constinit Known known_;
};

}  // namespace sojourn::runtime
