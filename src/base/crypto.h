#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sojourn {

// HMAC-SHA256 (RFC 2104, FIPS 198-1) under one secret.
//
// Looking up the algorithm and taking in the key cost several times more than a short message does,
// so that is done once, here, and every computation starts from a keyed context. Safe from any
// thread: threads that compute at the same time find contexts of their own. The secret lives in
// OpenSSL's contexts only, which clear it when they go.
class HmacSha256 {
 public:
  using Digest = std::array<char, 32>;

  // kInternal when OpenSSL does not offer the algorithm (a provider configuration without it).
  static absl::StatusOr<HmacSha256> make(std::string_view secret);

  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;
  ~HmacSha256();

  // Throws std::bad_alloc when OpenSSL finds no memory, and never otherwise.
  Digest compute(std::string_view message) const;

 private:
  struct Contexts;
  class Loan;
  explicit HmacSha256(std::unique_ptr<Contexts> contexts);

  std::unique_ptr<Contexts> contexts_;
};

// True when both are equal, in a time that depends on the sizes alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Overwrites the secret, in a way that is not optimised away, and leaves the string empty.
void wipe(std::string& secret);

// base64url without padding (RFC 4648, section 5): [A-Za-z0-9_-].
constexpr bool is_base64url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

constexpr std::size_t base64url_size(std::size_t bytes) { return (bytes * 4 + 2) / 3; }

std::string base64url_encode(std::string_view bytes);

// Writes base64url_size(bytes.size()) characters to `out`.
void base64url_encode(std::string_view bytes, char* out);

// The bytes that `text` spells. Nothing when it holds any other character, padding included, or is
// not what base64url_encode writes: an impossible length, or bits after the last byte that are not
// zero.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace sojourn
