#include "sojournctl/lb/running_cluster.h"

#include <algorithm>

#include "sojournctl/admin/words.h"

namespace sojournctl {

absl::Status add_members(const sojourn::v1::Snapshot& snapshot, std::uint16_t port,
                         ClusterDescription& cluster) {
  if (snapshot.members().empty()) {
    return absl::InvalidArgumentError("member " + printable(snapshot.name()) +
                                      " is in no view yet, and knows no others");
  }
  for (const sojourn::v1::MemberStatus& member : snapshot.members()) {
    const auto known = std::ranges::find(cluster.nodes, member.name(), &Node::name);
    if (known != cluster.nodes.end()) {
      known->drained = known->drained || member.leaving();
      continue;
    }
    if (member.capacity() == 0) continue;
    if (port == 0) {
      return absl::InvalidArgumentError(
          "--port: a member tells where it listens for other members, and not where it answers "
          "users; or --node " +
          printable(member.name()) + "=HOST:PORT");
    }
    auto address = Address::parse(member.address());
    if (!address.ok()) return address.status();
    address->port = port;
    const auto other = std::ranges::find_if(cluster.nodes, [&](const Node& node) {
      return node.address.host == address->host && node.address.port == address->port;
    });
    if (other != cluster.nodes.end()) {
      return absl::InvalidArgumentError("--port: members " + printable(other->name) + " and " +
                                        printable(member.name()) +
                                        " are on one host and cannot have one port: --node " +
                                        printable(member.name()) + "=HOST:PORT");
    }
    cluster.nodes.push_back({member.name(), *std::move(address), member.leaving()});
  }
  return absl::OkStatus();
}

}  // namespace sojournctl
