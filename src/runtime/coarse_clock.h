#pragma once

#include <chrono>

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
  static Reading read(Time limit = Time::max());

  // Of the last reading of this thread.
  static std::chrono::microseconds last_wall_offset();

  // How far behind readings may be: zero where each is exact.
  static Duration lag_max();
};

}  // namespace sojourn::runtime
