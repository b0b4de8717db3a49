#include "gatehouse/portal/readable_time.h"

#include <algorithm>
#include <ctime>

namespace gatehouse {

std::string readable_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc)};
}

std::string readable_wait(std::chrono::milliseconds wait) {
  const auto minutes = std::max(std::chrono::ceil<std::chrono::minutes>(wait).count(), 1L);
  if (minutes < 120) return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
  const auto hours = std::chrono::ceil<std::chrono::hours>(wait).count();
  return std::to_string(hours) + " hours";
}

}  // namespace gatehouse
