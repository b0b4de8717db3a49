#include "sojourn/session_id.h"

#include <absl/status/status.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"

// SessionId::generate() and redacted() draw from the operating system: see runtime.

namespace sojourn {
namespace {

// Which characters no id has. Every id from a cookie or another member is looked at, so there is
// no branch for each character.
constexpr std::array<bool, 256> kForeign = [] {
  std::array<bool, 256> foreign{};
  for (std::size_t i = 0; i < foreign.size(); ++i) foreign[i] = !is_base64url(static_cast<char>(i));
  return foreign;
}();

bool has_foreign(std::string_view text) {
  bool foreign = false;
  for (const char c : text) foreign |= kForeign[static_cast<unsigned char>(c)];
  return foreign;
}

}  // namespace

absl::StatusOr<SessionId> SessionId::parse(std::string_view text) {
  if (text.empty() || text.size() > kSizeMax || has_foreign(text)) {
    return absl::InvalidArgumentError("a session id is 1 to 64 characters of [A-Za-z0-9_-]");
  }
  SessionId id;
  std::ranges::copy(text, id.text_.begin());
  id.size_ = static_cast<std::uint8_t>(text.size());
  return id;
}

}  // namespace sojourn
