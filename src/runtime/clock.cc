#include "runtime/clock.h"

#include <ctime>

namespace sojourn::runtime {

Time now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return Time(std::chrono::duration_cast<Duration>(std::chrono::seconds(time.tv_sec) +
                                                   std::chrono::nanoseconds(time.tv_nsec)));
}

std::chrono::microseconds wall_offset() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(wall) - now().time_since_epoch();
}

}  // namespace sojourn::runtime
