#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sojournctl {

// Where something listens. `host` is an IPv4 address, an IPv6 address without brackets, or a host
// name; empty means all addresses, which only listening addresses may.
struct Address {
  std::string host = {};
  std::uint16_t port = 0;

  // "10.0.0.1:8080", "[::1]:8080", "auth-0.example:8080"; ":8080" only with `host_may_be_empty`.
  // kInvalidArgument, which names the text, for everything else.
  static absl::StatusOr<Address> parse(std::string_view text, bool host_may_be_empty = false);

  bool is_ipv6() const { return host.find(':') != std::string::npos; }
  // Whether a resolver must be asked.
  bool is_name() const;
  // As it was parsed: IPv6 addresses in brackets.
  std::string text() const;

  bool operator==(const Address&) const = default;
};

// A server, as balancers see it. `name` is what stands after the dot in cookies: the member's name,
// or its route if routes have aliases.
struct Node {
  std::string name = {};
  Address address = {};
  // Keeps the sessions that it has, and gets nobody new.
  bool drained = false;

  // "auth-0=10.0.0.1:8080".
  static absl::StatusOr<Node> parse(std::string_view text);
};

// What balancers must know of a cluster, wherever it was learned: from the command line, or from a
// member. Plain values.
struct ClusterDescription {
  std::vector<Node> nodes = {};
  std::string cookie = "__Host-sid";
  // Says 200 when the server may be sent requests.
  std::string health_path = "/readyz";

  // Whether all of it may stand in any balancer's configuration: names without dots, quotes or
  // blanks, each node once, at least one that is not drained. kInvalidArgument, which names the
  // first that may not. Targets rely on it and quote no more.
  absl::Status check() const;
};

// Whether this is a plain path for a configuration or a URL: "/healthz", without a query.
bool is_path(std::string_view text);
// Whether this is a host name, of letters, digits, hyphens and dots.
bool is_host_name(std::string_view text);
// Whether this is a name for a member, a route or a Kubernetes object: [a-z0-9-], up to 32
// characters, with no hyphen at its ends.
bool is_node_name(std::string_view text);

}  // namespace sojournctl
