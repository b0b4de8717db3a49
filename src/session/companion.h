#pragma once

#include <absl/status/status.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "session/record.h"
#include "sojourn/companions.h"
#include "sojourn/version.h"

namespace sojourn::session {

// What a record is. Sessions and companions stand in one table, under ids that cannot be equal: a
// companion's begins with a character for its kind, none of which any session id has.
enum class Kind : std::uint8_t { kSession, kSingleUse, kCounter, kRevokedToken };

// Of any id that is valid as such.
Kind kind_of(std::string_view id);
inline bool is_companion(std::string_view id) { return kind_of(id) != Kind::kSession; }

// The id under which a companion stands: what is hashed, sent and looked up. A value without
// allocations, so that a lookup needs none.
class CompanionId {
 public:
  static constexpr std::size_t kSizeMax = 1 + kCompanionNameBytesMax;

  // `kind` is not kSession, and the name is within its bounds.
  CompanionId(Kind kind, std::string_view name);

  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kSizeMax> text_;
  std::uint8_t size_;
};

// Everything that a companion's record says, borrowed from wherever it stands.
struct CompanionFields {
  std::string_view id = {};
  // Of a value: itself. Of a counter: see CountContent. Of a revoked token: nothing.
  std::string_view content = {};
  std::chrono::seconds lifetime = {};
  Version version = {};
  Time created_at = {};
};

// A companion's record has the content in its subject's place, no attributes, and one lifetime that
// no use prolongs: it is idle for as long as it may live at all.
RecordRef make_companion(const CompanionFields& fields);

inline std::string_view content_of(const Record& record) { return record.subject(); }
inline Time ends_at(const Record& companion) {
  return companion.created_at() + companion.lifetime().absolute;
}

// A counter's count as its content, which always has the same size: so no counter grows.
class CountContent {
 public:
  explicit CountContent(std::uint64_t count);
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 8> text_;
};
std::uint64_t count_of(const Record& counter);

// The bounds of sojourn/companions.h as checks: OK, or kInvalidArgument with a message that names
// what is wrong and repeats no name or value.
absl::Status check_companion_name(std::string_view name);
absl::Status check_companion_lifetime(std::chrono::seconds lifetime);
absl::Status check_single_use_value(std::string_view value);
absl::Status check_amount(std::uint64_t amount);

}  // namespace sojourn::session
