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
    {.name = "nginx",
     .about = "nginx of any version, by a map",
     .is_tested = true,
     .has_forward_auth = true,
     .write = write_nginx},
    {.name = "apache", .about = "Apache 2.4", .is_tested = true, .write = write_apache},
    {.name = "caddy",
     .about = "Caddy 2.6 or newer",
     .is_tested = true,
     .has_forward_auth = true,
     .write = write_caddy},
    {.name = "varnish", .about = "Varnish 6.4 or newer", .is_tested = true, .write = write_varnish},
    {.name = "nginx-sticky",
     .about = "nginx 1.29.6 or newer, by sticky route",
     .has_forward_auth = true,
     .write = write_nginx_sticky},
    {.name = "envoy", .about = "Envoy", .write = write_envoy},
    {.name = "traefik", .about = "Traefik 3, as a file", .write = write_traefik},
    {.name = "gateway-api",
     .about = "Kubernetes' Gateway API",
     .follows_cookie = false,
     .write = write_gateway_api},
    {.name = "ingress-nginx",
     .about = "Kubernetes with ingress-nginx",
     .follows_cookie = false,
     .write = write_ingress_nginx},
    {.name = "gke",
     .about = "Google Kubernetes Engine's load balancer",
     .follows_cookie = false,
     .write = write_gke},
    {.name = "alb",
     .about = "AWS Application Load Balancer, by its Kubernetes controller",
     .follows_cookie = false,
     .write = write_alb},
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
    return invalid("target '" + std::string(target.name) + "' cannot ask before it lets pass: " +
                   "--forward-auth is for caddy, nginx and nginx-sticky");
  }
  return target.write(balancer);
}

}  // namespace sojournctl
