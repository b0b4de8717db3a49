#include "admin/authority.h"

#include <absl/strings/str_replace.h>

#include <algorithm>
#include <optional>

#include "transport/address.h"
#include "transport/identity.h"

namespace sojourn::admin {
namespace {

// Longer than any name of a certificate that an administrator would have.
constexpr std::size_t kNameBytesMax = 253;

// "127.0.0.1:4000" of "ipv4:127.0.0.1:4000"; of IPv6, with the brackets that gRPC escapes.
std::string address_of(const std::string& peer) {
  const std::size_t colon = peer.find(':');
  const std::string address = colon == std::string::npos ? peer : peer.substr(colon + 1);
  return transport::printable(absl::StrReplaceAll(address, {{"%5B", "["}, {"%5D", "]"}}),
                              kNameBytesMax);
}

bool is_on_this_machine(const std::string& address) {
  const auto parsed = transport::HostAndPort::parse(address);
  const auto numeric = parsed ? parsed->numeric() : std::nullopt;
  return numeric && numeric->address().is_loopback();
}

}  // namespace

Authority::Authority(const StoreOptions& options)
    : member_("member " + options.name + " of cluster '" + options.cluster + "'"),
      plain_text_(!options.tls),
      administrators_(options.administrators) {}

absl::StatusOr<std::string> Authority::admit(const std::vector<std::string>& names,
                                             const std::string& peer) const {
  const std::string address = address_of(peer);
  if (plain_text_) {
    if (is_on_this_machine(address)) return "somebody on this machine, " + address;
    return absl::PermissionDeniedError("the caller at " + address + " may not administer " +
                                       member_ +
                                       ": in plain text only callers on the same machine may");
  }
  const auto found = std::find_if(names.begin(), names.end(), [this](const std::string& name) {
    return std::find(administrators_.begin(), administrators_.end(), name) != administrators_.end();
  });
  if (found != names.end()) return transport::printable(*found, kNameBytesMax) + " at " + address;
  const std::string who =
      names.empty() ? "a certificate without DNS names"
                    : "the certificate of " + transport::printable(names.front(), kNameBytesMax);
  return absl::PermissionDeniedError(
      who + ", shown from " + address + ", may not administer " + member_ +
      (administrators_.empty() ? ": it has no administrators"
                               : ": it is none of its administrators'"));
}

}  // namespace sojourn::admin
