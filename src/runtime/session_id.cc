// The parts of SessionId that need the operating system's randomness.

#include "sojourn/session_id.h"

#include <array>

#include "base/crypto.h"
#include "runtime/os_random.h"
#include "session/id_draw.h"

namespace sojourn {
namespace {

// One salt a process, so that the text means nothing outside of it.
const HmacSha256& redaction() {
  static const HmacSha256 hmac = [] {
    runtime::OsRandom random;
    std::string salt;
    for (int i = 0; i < 4; ++i) {
      const std::uint64_t word = random.next();
      salt.append(reinterpret_cast<const char*>(&word), sizeof(word));
    }
    absl::StatusOr<HmacSha256> made = HmacSha256::make(salt);
    wipe(salt);
    return *std::move(made);
  }();
  return hmac;
}

}  // namespace

SessionId SessionId::generate() {
  thread_local runtime::OsRandom random;
  return *parse(session::draw_id(random));
}

std::string SessionId::redacted() const {
  constexpr char kHex[] = "0123456789abcdef";
  constexpr std::size_t kBytes = 6;
  const HmacSha256::Digest digest = redaction().compute(text());
  std::string hex;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const auto byte = static_cast<unsigned char>(digest[i]);
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

}  // namespace sojourn
