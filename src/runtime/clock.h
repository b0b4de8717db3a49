#pragma once

#include <chrono>

#include "base/time.h"

namespace sojourn::runtime {

// The node's time: the boot-time clock, which also runs while the machine is suspended, so that a
// lease or a session never outlives a suspend. A few tens of nanoseconds, no system call. Safe from
// any thread.
Time now();

// What to add to node times to get wall-clock times, as of now. Only for showing times to people.
std::chrono::microseconds wall_offset();

}  // namespace sojourn::runtime
