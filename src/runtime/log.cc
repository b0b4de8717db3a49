#include "runtime/log.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sojourn::runtime {
namespace {

const char* name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

}  // namespace

Log::Log(std::string member, std::shared_ptr<LogSink> sink)
    : member_(std::move(member)), sink_(std::move(sink)) {}

void Log::write(LogLevel level, const std::string& message) {
  std::string line = message;
  // One record, one line, whatever a peer put into its names.
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  // The sink is serialised by its contract, so it runs under the lock; it is the user's last floor
  // and cannot call back into the log.
  MutexLock lock(mutex_);
  if (sink_) {
    (*sink_)({.level = level, .message = line});
  } else if (level != LogLevel::kDebug) {
    std::fprintf(stderr, "sojourn[%s] %s: %s\n", member_.c_str(), name_of(level), line.c_str());
  }
}

void Log::write(const Notice& notice) {
  switch (notice.level) {
    case Notice::Level::kInfo:
      return write(LogLevel::kInfo, notice.message);
    case Notice::Level::kWarning:
      return write(LogLevel::kWarning, notice.message);
    case Notice::Level::kError:
      return write(LogLevel::kError, notice.message);
  }
}

}  // namespace sojourn::runtime
