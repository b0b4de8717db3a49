#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/hash.h"
#include "sojourn/session_id.h"

namespace sojourn::session {

// The id of a record. Ids as this store draws them, which nearly all are, stand in records as the
// 24 random bytes that they are; so their text is made when it is asked for, and lives as long as
// this value. Any other id is borrowed as it stands.
class IdText {
 public:
  static constexpr std::size_t kPackedSize = 24;
  // The characters of ids as this store draws them: those of base64url (RFC 4648).
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  // A text that stands elsewhere and lives at least as long.
  explicit IdText(std::string_view text) : borrowed_(text) {}
  // What pack() wrote.
  static IdText unpack(const char* packed);

  // Whether the text is one that unpack() gives back; `packed`, of kPackedSize bytes, is written
  // only then.
  static bool pack(std::string_view text, char* packed);
  static bool can_pack(std::string_view text);

  // Whether those are the same bytes, both of kPackedSize.
  static bool same(const char* packed, const char* other) {
    static_assert(3 * sizeof(std::uint64_t) == kPackedSize);
    return ((word(packed, 0) ^ word(other, 0)) | (word(packed, 1) ^ word(other, 1)) |
            (word(packed, 2) ^ word(other, 2))) == 0;
  }

  std::string_view text() const {
    return borrowed_.empty() ? std::string_view(own_.data(), own_.size()) : borrowed_;
  }
  operator std::string_view() const { return text(); }

  friend bool operator==(const IdText& a, const IdText& b) { return a.text() == b.text(); }
  friend bool operator==(const IdText& a, std::string_view b) { return a.text() == b; }
  friend auto operator<=>(const IdText& a, const IdText& b) { return a.text() <=> b.text(); }
  friend auto operator<=>(const IdText& a, std::string_view b) { return a.text() <=> b; }

 private:
  IdText() = default;

  static std::uint64_t word(const char* packed, std::size_t index) {
    std::uint64_t word;
    std::memcpy(&word, packed + index * sizeof(word), sizeof(word));
    return word;
  }

  std::string_view borrowed_;
  std::array<char, SessionId::kGeneratedSize> own_;
};

// Whether the text is a session's id: what SessionId::parse() takes.
bool is_session_id(std::string_view text);

// An id that records are compared with, in the form in which they keep it, and its hash. Borrows
// the text.
class SoughtId {
 public:
  explicit SoughtId(std::string_view text)
      : text_(text), hash_(stable_hash(text)), is_packed_(IdText::pack(text, packed_.data())) {}
  // `packed`: what IdText packs the text to, or null if it does not.
  SoughtId(std::string_view text, const char* packed)
      : text_(text), hash_(stable_hash(text)), is_packed_(packed != nullptr) {
    if (packed) std::memcpy(packed_.data(), packed, packed_.size());
  }
  // Which has all of that ready, if it is one of those that this store draws.
  explicit SoughtId(const SessionId& id)
      : text_(id.text()), is_packed_(text_.size() == SessionId::kGeneratedSize) {
    if (is_packed_) {
      std::memcpy(packed_.data(), &id.text_[SessionId::kPackedAt], IdText::kPackedSize);
      std::memcpy(&hash_, &id.text_[SessionId::kHashAt], sizeof(hash_));
    } else {
      hash_ = stable_hash(text_);
    }
  }

  std::string_view text() const { return text_; }
  std::uint64_t hash() const { return hash_; }
  // Whether records with that id keep it packed, as `packed` is, or else its text.
  bool is_packed() const { return is_packed_; }
  bool is_packed_as(const char* packed) const { return IdText::same(packed, packed_.data()); }

 private:
  std::string_view text_;
  std::uint64_t hash_;
  std::array<char, IdText::kPackedSize> packed_;
  bool is_packed_;
};

}  // namespace sojourn::session
