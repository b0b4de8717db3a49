#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sojournctl/lb/cluster_description.h"

namespace sojournctl {

// The application that a proxy shows requests to only when the cluster has said who sent them.
struct ForwardAuth {
  Address application = {};
  // Below this path are the pages for signing in, which everybody may see.
  std::string portal = "/auth";
};

// What a balancer in front of a cluster should be.
struct Balancer {
  ClusterDescription cluster = {};
  // Where it listens; all addresses, port 80, if nothing is said.
  std::optional<Address> listen = {};
  // The host in browsers' addresses; any if empty.
  std::string host = {};
  // In Kubernetes: the service in front of the pods, and what their addresses and labels begin
  // with.
  std::string service = "auth";
  std::chrono::seconds connect_timeout = std::chrono::seconds(1);
  std::chrono::seconds read_timeout = std::chrono::seconds(5);
  // Whether answers say in X-Answered-By which node gave them.
  bool show_node = false;
  std::optional<ForwardAuth> forward_auth = {};

  // kInvalidArgument, which names what may not stand in a configuration.
  absl::Status check() const;

  Address listen_address() const { return listen.value_or(Address{"", 80}); }
};

// A kind of balancer, and how a configuration for it is written.
struct Target {
  std::string_view name = {};
  // What it is, in a line.
  std::string_view about = {};
  // Whether its configurations are run by the tests of this project.
  bool is_tested = false;
  // Whether it can ask /verify before it lets requests pass.
  bool has_forward_auth = false;
  // Whether it can send sessions to the node that the cookie names.
  bool follows_cookie = true;
  // Pure: the same balancer gives the same text. The balancer has passed check().
  absl::StatusOr<std::string> (*write)(const Balancer&) = nullptr;
};

// All of them, those that are tested first.
std::span<const Target> targets();
// kInvalidArgument, with the names that there are, if none is called so.
absl::StatusOr<Target> target_named(std::string_view name);

// The configuration for a balancer of that kind. kInvalidArgument for what may not stand in one, or
// what that kind cannot do.
absl::StatusOr<std::string> write_configuration(const Target& target, const Balancer& balancer);

}  // namespace sojournctl
