#include "transport/identity.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "transport/address.h"
#include "wire/bounds.h"
#include "wire/checks.h"

namespace sojourn::transport {
namespace {

// Longer than any name, shorter than what would spoil a log.
constexpr std::size_t kValueBytesMax = 64;

// "1-3"; left as it is if the text is not of that form.
void parse_versions(const std::string& text, std::uint32_t& from, std::uint32_t& to) {
  const std::size_t dash = text.find('-');
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  if (dash != std::string::npos && absl::SimpleAtoi(text.substr(0, dash), &low) &&
      absl::SimpleAtoi(text.substr(dash + 1), &high)) {
    from = low;
    to = high;
  }
}

}  // namespace

Identity Identity::read(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto value = [&](const char* key, std::size_t bytes_max = kValueBytesMax) -> std::string {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return {};
    return printable(std::string(found->second.data(), found->second.size()), bytes_max);
  };
  Identity identity = {.cluster = value(kClusterKey),
                       .member = value(kMemberKey),
                       .address = value(kAddressKey, wire::kAddressBytesMax),
                       .wire_min = 0,
                       .wire_max = 0,
                       .addressee = value(kAddresseeKey),
                       .bulk = value(kLaneKey) == kBulk};
  if (!absl::SimpleHexAtoi(value(kIncarnationKey), &identity.incarnation.value)) {
    identity.incarnation = {};
  }
  parse_versions(value(kWireKey), identity.wire_min, identity.wire_max);
  return identity;
}

std::string Identity::in_words() const {
  return "member " + member + " of cluster '" + cluster + "'";
}

std::string Identity::incarnation_text() const {
  return absl::StrFormat("%016x", incarnation.value);
}

std::string Identity::wire_text() const { return absl::StrFormat("%d-%d", wire_min, wire_max); }

absl::Status refusal(const Identity& other, const Identity& own, const std::string& reason) {
  return absl::FailedPreconditionError(other.in_words() + " was refused by " + own.in_words() +
                                       ": " + reason);
}

absl::Status check_identity(const Identity& other, const Identity& own) {
  if (other.cluster != own.cluster) return refusal(other, own, "the clusters differ");
  if (other.wire_max < own.wire_min || other.wire_min > own.wire_max) {
    return refusal(other, own,
                   absl::StrFormat("it speaks wire versions %d to %d, and the other one %d to %d",
                                   other.wire_min, other.wire_max, own.wire_min, own.wire_max));
  }
  if (other.incarnation == Incarnation{}) return refusal(other, own, "it has no incarnation");
  return absl::OkStatus();
}

absl::Status check_introduction(const Identity& other, const Identity& own) {
  if (!wire::is_name(other.member)) return refusal(other, own, "that is no name of a member");
  if (!wire::is_address(other.address) || !HostAndPort::parse(other.address)) {
    return refusal(other, own, "it does not say where it listens");
  }
  if (other.member == own.member) return refusal(other, own, "both have the same name");
  return absl::OkStatus();
}

std::string printable(std::string text, std::size_t bytes_max) {
  if (text.size() > bytes_max) text.resize(bytes_max);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace sojourn::transport
