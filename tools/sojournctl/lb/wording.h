#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sojournctl/lb/balancer.h"

// What the configurations for several balancers have in common.
namespace sojournctl {

// The comment at the top of a configuration, in lines that begin with '#': for what it is, and what
// becomes of clients that bring no cookie.
std::string heading(std::string_view title, const Balancer& balancer);
// The same for balancers that cannot read the cookie.
std::string heading_without_route(std::string_view title, const Balancer& balancer);

// Those that may get somebody new; at least one.
std::vector<Node> newcomers(const ClusterDescription& cluster);
// The same without that one; may be empty.
std::vector<Node> substitutes(const ClusterDescription& cluster, const Node& node);

// A regular expression (PCRE, RE2) for Cookie headers in which a session names that node. It finds
// the cookie anywhere in the header, and neither a longer name nor a longer cookie name.
std::string cookie_pattern(const ClusterDescription& cluster, const Node& node);
// The same where an expression must match the whole header.
std::string whole_cookie_pattern(const ClusterDescription& cluster, const Node& node);

// With '_' for '-', for languages whose identifiers hold no '-'.
std::string identifier(std::string_view name);

// The port of all nodes: in Kubernetes pods of one service listen on the same. kInvalidArgument,
// which names two nodes, if they do not.
absl::StatusOr<std::string> common_port(const ClusterDescription& cluster);

std::string seconds_text(std::chrono::seconds time);

}  // namespace sojournctl
