#include "session/companion.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>

#include "session/limits.h"

namespace sojourn::session {
namespace {

// They stand on the wire and decide where a companion is, so they never change. None of them may
// stand in a session id.
constexpr char kSingleUseMark = '=';
constexpr char kCounterMark = '+';
constexpr char kRevokedTokenMark = '!';

char mark_of(Kind kind) {
  switch (kind) {
    case Kind::kSingleUse:
      return kSingleUseMark;
    case Kind::kCounter:
      return kCounterMark;
    case Kind::kRevokedToken:
      return kRevokedTokenMark;
    case Kind::kSession:
      break;
  }
  assert(false && "a session is no companion");
  return kSingleUseMark;
}

}  // namespace

Kind kind_of(std::string_view id) {
  switch (id.empty() ? '\0' : id.front()) {
    case kSingleUseMark:
      return Kind::kSingleUse;
    case kCounterMark:
      return Kind::kCounter;
    case kRevokedTokenMark:
      return Kind::kRevokedToken;
    default:
      return Kind::kSession;
  }
}

CompanionId::CompanionId(Kind kind, std::string_view name) {
  assert(!name.empty() && name.size() <= kCompanionNameBytesMax);
  text_[0] = mark_of(kind);
  const std::size_t size = std::min(name.size(), kCompanionNameBytesMax);
  std::copy_n(name.begin(), size, text_.begin() + 1);
  size_ = static_cast<std::uint8_t>(1 + size);
}

RecordRef make_companion(const CompanionFields& fields) {
  return Record::make({.id = fields.id,
                       .subject = fields.content,
                       .lifetime = {.idle = fields.lifetime, .absolute = fields.lifetime},
                       .version = fields.version,
                       .created_at = fields.created_at,
                       .last_seen = fields.created_at});
}

CountContent::CountContent(std::uint64_t count) {
  for (char& byte : text_) {
    byte = static_cast<char>(count & 0xff);
    count >>= 8;
  }
}

std::uint64_t count_of(const Record& counter) {
  const std::string_view content = content_of(counter);
  std::uint64_t count = 0;
  for (std::size_t i = content.size(); i > 0; --i) {
    count = count << 8 | static_cast<unsigned char>(content[i - 1]);
  }
  return count;
}

absl::Status check_companion_name(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("the name is empty");
  if (name.size() > kCompanionNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the name has %d bytes, more than %d",
                                                      name.size(), kCompanionNameBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_companion_lifetime(std::chrono::seconds lifetime) {
  if (lifetime < std::chrono::seconds(1) || lifetime > kLifetimeMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the lifetime is %d s, not between 1 s and 400 days",
                        static_cast<long long>(lifetime.count())));
  }
  return absl::OkStatus();
}

absl::Status check_single_use_value(std::string_view value) {
  if (value.size() > kSingleUseValueBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the value has %d bytes, more than %d",
                                                      value.size(), kSingleUseValueBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_amount(std::uint64_t amount) {
  if (amount == 0 || amount > kCountMax) {
    return absl::InvalidArgumentError("the amount is not between 1 and 2^63 - 1");
  }
  return absl::OkStatus();
}

}  // namespace sojourn::session
