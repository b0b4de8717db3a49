#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "sojournctl/lb/balancer.h"

// What writes the configurations, each in a file of its own.
namespace sojournctl {

absl::StatusOr<std::string> write_haproxy(const Balancer& balancer);
absl::StatusOr<std::string> write_nginx(const Balancer& balancer);
absl::StatusOr<std::string> write_nginx_sticky(const Balancer& balancer);
absl::StatusOr<std::string> write_apache(const Balancer& balancer);
absl::StatusOr<std::string> write_caddy(const Balancer& balancer);
absl::StatusOr<std::string> write_varnish(const Balancer& balancer);
absl::StatusOr<std::string> write_envoy(const Balancer& balancer);
absl::StatusOr<std::string> write_traefik(const Balancer& balancer);
absl::StatusOr<std::string> write_gke(const Balancer& balancer);
absl::StatusOr<std::string> write_alb(const Balancer& balancer);
absl::StatusOr<std::string> write_ingress_nginx(const Balancer& balancer);
absl::StatusOr<std::string> write_gateway_api(const Balancer& balancer);

}  // namespace sojournctl
