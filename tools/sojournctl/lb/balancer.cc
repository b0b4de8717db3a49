#include "sojournctl/lb/balancer.h"

#include <absl/status/status.h>

#include <algorithm>
#include <iterator>

#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"

namespace sojournctl {
namespace {

constexpr Target kTargets[] = {
    {.name = "haproxy", .about = "HAProxy 2.4 or newer", .is_tested = true, .write = write_haproxy},
};

absl::Status invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

}  // namespace

std::span<const Target> targets() { return kTargets; }

absl::StatusOr<Target> target_named(std::string_view name) {
  const auto* const found = std::ranges::find(kTargets, name, &Target::name);
  if (found != std::end(kTargets)) return *found;
  return invalid("target '" + std::string(name) + "' is not one of " +
                 join(kTargets, ", ", [](const Target& each) { return std::string(each.name); }));
}

absl::Status Balancer::check() const {
  if (const absl::Status status = cluster.check(); !status.ok()) return status;
  if (!host.empty() && !is_host_name(host)) return invalid("host '" + host + "' is no host name");
  if (!is_node_name(service)) {
    return invalid("service '" + service + "': a name has up to 32 of a-z, 0-9 and '-'");
  }
  const auto is_sensible = [](std::chrono::seconds time) {
    return time >= std::chrono::seconds(1) && time <= std::chrono::hours(1);
  };
  if (!is_sensible(connect_timeout) || !is_sensible(read_timeout)) {
    return invalid("timeouts are from 1 to 3600 seconds");
  }
  if (forward_auth && (!is_path(forward_auth->portal) || forward_auth->portal.ends_with('/'))) {
    return invalid("portal '" + forward_auth->portal + "' is no path without a '/' at its end");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> write_configuration(const Target& target, const Balancer& balancer) {
  if (const absl::Status status = balancer.check(); !status.ok()) return status;
  if (balancer.forward_auth && !target.has_forward_auth) {
    return invalid("target '" + std::string(target.name) +
                   "' cannot ask before it lets pass: " + "--forward-auth is for caddy and nginx");
  }
  return target.write(balancer);
}

}  // namespace sojournctl
