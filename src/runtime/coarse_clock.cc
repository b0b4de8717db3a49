#include "runtime/coarse_clock.h"

#include <sys/utsname.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

#include "runtime/clock.h"

namespace sojourn::runtime {
namespace {

// A processor that runs user code ticks; should the one that moves the kernel's clock miss its
// ticks, any other does so at its sixth.
constexpr int kTicksLate = 8;
// So often a reading is believed, at most, also within one tick: should the whole machine have been
// stopped, so few lookups a thread may go by before the time is read.
constexpr int kUsesMax = 64;

// Since 5.18 the kernel's clock is moved on by others if its processor is late ("tick: Detect and
// fix jiffies update stall").
bool kernel_watches_its_clock() {
  utsname names{};
  int major = 0;
  int minor = 0;
  if (uname(&names) != 0 || std::sscanf(names.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 5 || (major == 5 && minor >= 18);
}

// Processors without ticks cannot move it on.
bool all_processors_tick() {
  std::ifstream file("/sys/devices/system/cpu/nohz_full");
  std::string processors;
  if (!std::getline(file, processors)) return true;  // the kernel has no such thing
  return processors.find_first_of("0123456789") == std::string::npos;
}

Duration find_lag_max() {
  timespec tick{};
  if (!kernel_watches_its_clock() || !all_processors_tick() ||
      clock_getres(CLOCK_REALTIME_COARSE, &tick) != 0 || tick.tv_sec != 0) {
    return Duration::zero();
  }
  return kTicksLate * std::chrono::ceil<Duration>(std::chrono::nanoseconds(tick.tv_nsec));
}

const Duration kLagMax = find_lag_max();

}  // namespace

thread_local constinit CoarseClock::Known CoarseClock::known_;

CoarseClock::Reading CoarseClock::read_exactly(timespec tick) {
  const Time time = now();
  const auto offset = wall_offset();
  known_ = {.tick = tick,
            .uses_left = kLagMax == Duration::zero() ? 0 : kUsesMax,
            .time = time,
            .latest = time + kLagMax,
            .wall_offset = offset};
  return {.moment = {time, time}, .wall_offset = offset};
}

Duration CoarseClock::lag_max() { return kLagMax; }

}  // namespace sojourn::runtime
