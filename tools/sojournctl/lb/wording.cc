#include "sojournctl/lb/wording.h"

#include <absl/status/status.h>

#include <algorithm>
#include <iterator>

#include "sojournctl/lb/template_text.h"

namespace sojournctl {
namespace {

std::string first_line(std::string_view title, const Balancer& balancer) {
  return "# " + std::string(title) + ", for the nodes " +
         join(balancer.cluster.nodes, ", ", [](const Node& node) { return node.name; }) + ".\n";
}

}  // namespace

std::string heading(std::string_view title, const Balancer& balancer) {
  return first_line(title, balancer) +
         "# Sessions go to the node that their cookie names. Everything else goes to any node, and "
         "so do\n"
         "# clients without cookies: nothing tells a balancer where theirs are, and nodes find "
         "them.\n";
}

std::string heading_without_route(std::string_view title, const Balancer& balancer) {
  return first_line(title, balancer) +
         "# It cannot read which node a session's cookie names. A cookie of its own keeps a "
         "browser at one\n"
         "# node, which saves the nodes asking each other; clients without cookies go to any node. "
         "Nodes\n"
         "# find sessions wherever they are: nothing but time depends on who is asked.\n";
}

std::vector<Node> newcomers(const ClusterDescription& cluster) {
  std::vector<Node> result;
  std::ranges::copy_if(cluster.nodes, std::back_inserter(result),
                       [](const Node& node) { return !node.drained; });
  return result;
}

std::vector<Node> substitutes(const ClusterDescription& cluster, const Node& node) {
  std::vector<Node> result = newcomers(cluster);
  std::erase_if(result, [&node](const Node& each) { return each.name == node.name; });
  return result;
}

std::string cookie_pattern(const ClusterDescription& cluster, const Node& node) {
  return R"((?:^|;\s*))" + cluster.cookie + R"(=[^;]*\.)" + node.name + "(?:;|$)";
}

std::string whole_cookie_pattern(const ClusterDescription& cluster, const Node& node) {
  return R"((?:.*;\s*)?)" + cluster.cookie + R"(=[^;]*\.)" + node.name + "(?:;.*)?";
}

std::string identifier(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '-', '_');
  return result;
}

absl::StatusOr<std::string> common_port(const ClusterDescription& cluster) {
  const Node& first = cluster.nodes.front();
  for (const Node& node : cluster.nodes) {
    if (node.address.port != first.address.port) {
      return absl::InvalidArgumentError(
          "nodes '" + first.name + "' and '" + node.name +
          "' have different ports: pods of one service have the same");
    }
  }
  return std::to_string(first.address.port);
}

std::string seconds_text(std::chrono::seconds time) { return std::to_string(time.count()); }

}  // namespace sojournctl
