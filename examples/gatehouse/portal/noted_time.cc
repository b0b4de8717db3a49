#include "gatehouse/portal/noted_time.h"

#include <charconv>
#include <cstdint>

namespace gatehouse {

using std::chrono::seconds;
using std::chrono::system_clock;

std::string noted_time(system_clock::time_point time) {
  return std::to_string(std::chrono::floor<seconds>(time.time_since_epoch()).count());
}

system_clock::time_point read_noted_time(std::string_view text,
                                         system_clock::time_point otherwise) {
  // Up to the year 2286, and far from where the clock's own units overflow.
  constexpr std::int64_t kSecondsMax = 9'999'999'999;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || count < 0 || count > kSecondsMax) return otherwise;
  return system_clock::time_point(seconds(count));
}

}  // namespace gatehouse
