#include "gatehouse/portal/readable_time.h"

#include <algorithm>
#include <cstdint>
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
  const auto told = [](std::int64_t count, const std::string& unit) {
    return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
  };
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  if (seconds < 60) return told(std::max<std::int64_t>(seconds, 1), "second");
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(wait).count();
  if (minutes < 120) return told(minutes, "minute");
  return told(std::chrono::ceil<std::chrono::hours>(wait).count(), "hour");
}

}  // namespace gatehouse
