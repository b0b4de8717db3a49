#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

// Longer rules win. "failover" goes by the health check alone, so the retry is what helps a request
// that finds its node gone before the check has noticed.
constexpr std::string_view kTemplate = R"(
@HEADING@# For the file provider. It needs an entry point in the static configuration:
#   entryPoints: {web: {address: "@LISTEN@"}}
# To drain a node, take it out of the service "any".
http:
  routers:
@ROUTERS@
    "@SERVICE@":
      rule: '@RULE@'
      entryPoints: [web]
      middlewares: [@SERVICE@-again]
      service: @SERVICE@-any
  middlewares:
    @SERVICE@-again: {retry: {attempts: 3, initialInterval: 50ms}}
  serversTransports:
    "@SERVICE@":
      forwardingTimeouts: {dialTimeout: @CONNECT@s, responseHeaderTimeout: @READ@s}
  services:
@SERVICES@
    @SERVICE@-any:
      loadBalancer:
        serversTransport: "@SERVICE@"
        servers:
@SERVERS@
        healthCheck: {path: "@HEALTH@", interval: 1s, timeout: 1s}
)";

constexpr std::string_view kRouter = R"(
    @SERVICE@-at-@NAME@:
      rule: '@RULE@ && HeaderRegexp(`Cookie`, `@PATTERN@`)'
      entryPoints: [web]
      middlewares: [@SERVICE@-again]
      service: @SERVICE@-at-@NAME@)";

constexpr std::string_view kServices = R"(
    @SERVICE@-at-@NAME@:
      failover: {service: @SERVICE@-only-@NAME@, fallback: @SERVICE@-any}
    @SERVICE@-only-@NAME@:
      loadBalancer:
        serversTransport: "@SERVICE@"
        servers:
@SERVER@
        healthCheck: {path: "@HEALTH@", interval: 1s, timeout: 1s})";

std::string server(const Node& node) {
  return "          - url: \"http://" + node.address.text() + "\"";
}

}  // namespace

absl::StatusOr<std::string> write_traefik(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const std::string rule =
      balancer.host.empty() ? "PathPrefix(`/`)" : "Host(`" + balancer.host + "`)";
  const auto router = [&](const Node& node) {
    return fill(kRouter, {{"SERVICE", balancer.service},
                          {"NAME", node.name},
                          {"RULE", rule},
                          {"PATTERN", cookie_pattern(cluster, node)}});
  };
  const auto services = [&](const Node& node) {
    return fill(kServices, {{"SERVICE", balancer.service},
                            {"NAME", node.name},
                            {"SERVER", server(node)},
                            {"HEALTH", cluster.health_path}});
  };
  return fill(kTemplate,
              {{"HEADING", heading("Traefik 3 (read in its source, not run here)", balancer)},
               {"LISTEN", balancer.listen_address().text()},
               {"SERVICE", balancer.service},
               {"RULE", rule},
               {"CONNECT", seconds_text(balancer.connect_timeout)},
               {"READ", seconds_text(balancer.read_timeout)},
               {"HEALTH", cluster.health_path},
               {"ROUTERS", join(cluster.nodes, "\n", router)},
               {"SERVICES", join(cluster.nodes, "\n", services)},
               {"SERVERS", join(newcomers(cluster), "\n", server)}});
}

}  // namespace sojournctl
