#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

// An aggregate of the owner and of everybody: the second is used when the first is not well, and by
// the retry, which leaves out what was tried before.
constexpr std::string_view kTemplate = R"(
@HEADING@# A whole file for: envoy -c FILE. To drain a node, take it out of the cluster "any".
static_resources:
  listeners:
    - name: "@SERVICE@"
      address: {socket_address: {address: "@HOST@", port_value: @PORT@}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: "@SERVICE@"
                use_remote_address: true
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
                route_config:
                  virtual_hosts:
                    - name: "@SERVICE@"
                      domains: [@DOMAINS@]
                      routes:
@ROUTES@
                        - match: {prefix: "/"}
                          route:
                            cluster: any
                            timeout: @READ@s
                            retry_policy: {retry_on: "connect-failure,refused-stream", num_retries: 2}
  clusters:
    - name: any
@CLUSTER@
      load_assignment:
        cluster_name: any
        endpoints:
          - lb_endpoints:
@ENDPOINTS@
@CLUSTERS@
)";

// The expression must match the whole header.
constexpr std::string_view kRoute = R"(
                        - match:
                            prefix: "/"
                            headers:
                              - name: cookie
                                string_match: {safe_regex: {regex: '@PATTERN@'}}
                          route:
                            cluster: at-@NAME@
                            timeout: @READ@s
                            retry_policy:
                              retry_on: "connect-failure,refused-stream"
                              num_retries: 2
                              retry_priority:
                                name: envoy.retry_priorities.previous_priorities
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig
                                  update_frequency: 1)";

constexpr std::string_view kCluster = R"(
      type: STRICT_DNS
      lb_policy: ROUND_ROBIN
      connect_timeout: @CONNECT@s
      health_checks:
        - timeout: 1s
          interval: 1s
          unhealthy_threshold: 2
          healthy_threshold: 1
          http_health_check: {path: "@HEALTH@"})";

constexpr std::string_view kNode = R"(
    - name: only-@NAME@
@CLUSTER@
      load_assignment:
        cluster_name: only-@NAME@
        endpoints:
          - lb_endpoints:
@ENDPOINT@
    - name: at-@NAME@
      connect_timeout: @CONNECT@s
      lb_policy: CLUSTER_PROVIDED
      cluster_type:
        name: envoy.clusters.aggregate
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig
          clusters: [only-@NAME@, any])";

std::string endpoint(const Node& node) {
  return "              - endpoint: {address: {socket_address: {address: \"" + node.address.host +
         "\", port_value: " + std::to_string(node.address.port) + "}}}";
}

}  // namespace

absl::StatusOr<std::string> write_envoy(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const std::string connect = seconds_text(balancer.connect_timeout);
  const std::string read = seconds_text(balancer.read_timeout);
  const std::string settings =
      fill(kCluster, {{"CONNECT", connect}, {"HEALTH", cluster.health_path}});
  const auto route = [&](const Node& node) {
    return fill(
        kRoute,
        {{"PATTERN", whole_cookie_pattern(cluster, node)}, {"NAME", node.name}, {"READ", read}});
  };
  const auto clusters_of = [&](const Node& node) {
    return fill(kNode, {{"NAME", node.name},
                        {"CLUSTER", settings},
                        {"CONNECT", connect},
                        {"ENDPOINT", endpoint(node)}});
  };
  const Address listen = balancer.listen_address();
  return fill(
      kTemplate,
      {{"HEADING", heading("Envoy (read in its documentation, not run here)", balancer)},
       {"SERVICE", balancer.service},
       {"HOST", listen.host.empty() ? "0.0.0.0" : listen.host},
       {"PORT", std::to_string(listen.port)},
       {"DOMAINS",
        balancer.host.empty() ? "\"*\"" : "\"" + balancer.host + "\", \"" + balancer.host + ":*\""},
       {"ROUTES", join(cluster.nodes, "\n", route)},
       {"READ", read},
       {"CLUSTER", settings},
       {"ENDPOINTS", join(newcomers(cluster), "\n", endpoint)},
       {"CLUSTERS", join(cluster.nodes, "\n", clusters_of)}});
}

}  // namespace sojournctl
