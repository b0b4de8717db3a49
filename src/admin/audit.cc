#include "admin/audit.h"

#include <absl/strings/escaping.h>

namespace sojourn::admin {

void Audit::write(const std::string& caller, const std::string& change, const absl::Status& status,
                  const std::string& outcome) {
  const std::string words =
      status.ok() ? outcome
                  : absl::StatusCodeToString(status.code()) + ": " + std::string(status.message());
  if (!sink_) {
    log_(LogLevel::kInfo, "audit: " + caller + ": " + change + ": " + words);
    return;
  }
  MutexLock lock(mutex_);
  (*sink_)({.caller = caller, .change = change, .outcome = words, .ok = status.ok()});
}

std::string quoted(const std::string& text) {
  constexpr std::size_t kBytesMax = 128;
  const bool whole = text.size() <= kBytesMax;
  return "'" + absl::CHexEscape(text.substr(0, kBytesMax)) + (whole ? "'" : "...'");
}

}  // namespace sojourn::admin
