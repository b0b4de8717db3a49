#include "sojourn/session_id.h"

#include <absl/status/status.h>

#include <algorithm>

#include "base/crypto.h"

// SessionId::generate() and redacted() draw from the operating system: see runtime.

namespace sojourn {

absl::StatusOr<SessionId> SessionId::parse(std::string_view text) {
  if (text.empty() || text.size() > kSizeMax || !std::ranges::all_of(text, is_base64url)) {
    return absl::InvalidArgumentError("a session id is 1 to 64 characters of [A-Za-z0-9_-]");
  }
  SessionId id;
  std::ranges::copy(text, id.text_.begin());
  id.size_ = static_cast<std::uint8_t>(text.size());
  return id;
}

}  // namespace sojourn
