#include "sojourn/session_id.h"

#include <absl/status/status.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/crypto.h"
#include "base/hash.h"
#include "session/id_text.h"

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

}  // namespace

bool session::is_session_id(std::string_view text) {
  if (text.empty() || text.size() > SessionId::kSizeMax) return false;
  bool foreign = false;
  for (const char c : text) foreign |= kForeign[static_cast<unsigned char>(c)];
  return !foreign;
}

absl::StatusOr<SessionId> SessionId::parse(std::string_view text) {
  if (!session::is_session_id(text)) {
    return absl::InvalidArgumentError("a session id is 1 to 64 characters of [A-Za-z0-9_-]");
  }
  SessionId id;
  std::ranges::copy(text, id.text_.begin());
  id.size_ = static_cast<std::uint8_t>(text.size());
  if (text.size() == kGeneratedSize) {
    static_assert(kPackedAt + session::IdText::kPackedSize <= kHashAt);
    session::IdText::pack(text, &id.text_[kPackedAt]);
    const std::uint64_t hash = stable_hash(text);
    std::memcpy(&id.text_[kHashAt], &hash, sizeof(hash));
  }
  return id;
}

}  // namespace sojourn
