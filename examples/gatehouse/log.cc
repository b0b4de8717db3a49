#include "gatehouse/log.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

namespace gatehouse {
namespace {

std::string_view name_of(sojourn::LogLevel level) {
  switch (level) {
    case sojourn::LogLevel::kDebug:
      return "debug";
    case sojourn::LogLevel::kInfo:
      return "info";
    case sojourn::LogLevel::kWarning:
      return "warning";
    case sojourn::LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string time_of_now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto since = now.time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[48];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(millis));
  return text;
}

}  // namespace

void log_line(sojourn::LogLevel level, std::string_view message) {
  std::string line = time_of_now() + " " + std::string(name_of(level)) + " ";
  for (const char c : message) line += (c >= 0 && c < ' ') || c == '\x7f' ? ' ' : c;
  line += '\n';
  // One call for a whole line, so that lines of different threads do not mix.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace gatehouse
