#include "transport/identity.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include "wire/frame.h"

namespace sojourn::transport {

Identity Identity::read(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto value = [&](const char* key) -> std::string {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return {};
    constexpr std::size_t kValueMax = 64;
    return std::string(found->second.data(), std::min(found->second.size(), kValueMax));
  };
  Identity identity = {.cluster = value(kCluster),
                       .member = value(kMember),
                       .wire_version = value(kWireVersion),
                       .addressee = value(kAddressee)};
  if (!absl::SimpleHexAtoi(value(kIncarnation), &identity.incarnation.value)) {
    identity.incarnation = {};
  }
  return identity;
}

absl::Status Identity::check(const std::string& cluster, const std::string& member) const {
  if (this->cluster != cluster) {
    return absl::FailedPreconditionError(in_words() + " was refused: this cluster is " + cluster);
  }
  if (this->member != member) {
    return absl::FailedPreconditionError("where member " + member + " was expected there is " +
                                         in_words());
  }
  if (incarnation == Incarnation{}) {
    return absl::FailedPreconditionError(in_words() + " does not say its incarnation");
  }
  if (wire_version != own_wire_version()) {
    return absl::FailedPreconditionError(in_words() + " speaks wire version " + wire_version +
                                         ", not " + own_wire_version());
  }
  return absl::OkStatus();
}

std::string Identity::incarnation_text() const {
  return absl::StrFormat("%016x", incarnation.value);
}

std::string Identity::own_wire_version() { return std::to_string(wire::kWireVersion); }

}  // namespace sojourn::transport
