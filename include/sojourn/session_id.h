#pragma once

#include <absl/status/statusor.h>
#include <sojourn/export.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sojourn {

namespace session {
class SoughtId;
}  // namespace session

// The name of one session: 1 to 64 characters of [A-Za-z0-9_-] (base64url, so that an id never
// needs quoting in a cookie and never holds the dot that separates it from the route).
//
// Ids made by Sojourn are 24 random bytes as 32 characters: 192 bits, of which a cluster of N
// members gives up log2(N) when ids are drawn to fall on the local member; OWASP's Session
// Management Cheat Sheet asks for at least 64 bits of entropy. Ids made elsewhere are accepted in
// the same alphabet.
//
// A value; a single object must not be changed from two threads at once.
class SOJOURN_EXPORT SessionId {
 public:
  static constexpr std::size_t kGeneratedSize = 32;
  static constexpr std::size_t kSizeMax = 64;

  // A new id from the operating system's random source. Safe from any thread.
  static SessionId generate();

  // The id that `text` spells, character by character. kInvalidArgument, with a message that does
  // not repeat the text, when it is empty, longer than 64 characters, or holds any other character.
  static absl::StatusOr<SessionId> parse(std::string_view text);

  // The id as it stands in a cookie. A bearer secret: never log it. Lives as long as the id.
  std::string_view text() const { return {text_.data(), size_}; }

  // Twelve hexadecimal characters of a salted hash of the id, for logs: equal ids give equal text
  // within one process, and nothing can be learned from it (OWASP: log a salted hash, never the
  // id).
  std::string redacted() const;

  friend bool operator==(const SessionId& a, const SessionId& b) { return a.text() == b.text(); }
  friend auto operator<=>(const SessionId& a, const SessionId& b) { return a.text() <=> b.text(); }

  template <typename H>
  friend H AbslHashValue(H h, const SessionId& id) {
    return H::combine_contiguous(std::move(h), id.text_.data(), id.size_);
  }

 private:
  friend class session::SoughtId;

  SessionId() = default;

  // Of an id of kGeneratedSize characters, what it is looked up by stands behind its text, made
  // once for all lookups: its bytes as they are packed, then its hash.
  static constexpr std::size_t kPackedAt = kGeneratedSize;
  static constexpr std::size_t kHashAt = kSizeMax - sizeof(std::uint64_t);

  std::array<char, kSizeMax> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace sojourn
