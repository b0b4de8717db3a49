#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

// Balancers that are told by Kubernetes objects. None of them can read a route in a cookie and go
// on without the node that it names.
namespace sojournctl {
namespace {

constexpr std::string_view kGke = R"(
@HEADING@# GENERATED_COOKIE: the balancer sets a cookie of its own, GCLB, and follows it as long as the pod is
# there. Network endpoint groups make the pods themselves its backends; without them it would see
# nodes of Kubernetes, and the cookie would mean nothing. The health check asks what readiness means:
# BackendConfig and the pods' readinessProbe should name the same path.
apiVersion: cloud.google.com/v1
kind: BackendConfig
metadata: {name: "@SERVICE@"}
spec:
  timeoutSec: @TIMEOUT@
  sessionAffinity: {affinityType: GENERATED_COOKIE, affinityCookieTtlSec: 43200}
  connectionDraining: {drainingTimeoutSec: 30}
  healthCheck:
    type: HTTP
    requestPath: "@HEALTH@"
    port: @PORT@
    checkIntervalSec: 2
    timeoutSec: 1
    healthyThreshold: 1
    unhealthyThreshold: 2
---
apiVersion: v1
kind: Service
metadata:
  name: "@SERVICE@"
  annotations:
    cloud.google.com/neg: '{"ingress": true}'
    cloud.google.com/backend-config: '{"default": "@SERVICE@"}'
spec:
  type: ClusterIP
  selector: {app: "@SERVICE@"}
  ports: [{name: http, port: 80, targetPort: @PORT@}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "@SERVICE@"
  annotations:
    kubernetes.io/ingress.class: gce
spec:
  rules:
    - @HOST@http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: "@SERVICE@", port: {name: http}}}
)";

constexpr std::string_view kAlb = R"(
@HEADING@# lb_cookie: the balancer sets a cookie of its own, AWSALB. Not app_cookie with the name of the session
# cookie: it would bind the browser anew to whoever sets that cookie, and understands no route either.
# target-type ip makes the pods themselves its targets.
apiVersion: v1
kind: Service
metadata: {name: "@SERVICE@"}
spec:
  type: ClusterIP
  selector: {app: "@SERVICE@"}
  ports: [{name: http, port: 80, targetPort: @PORT@}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "@SERVICE@"
  annotations:
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/healthcheck-path: "@HEALTH@"
    alb.ingress.kubernetes.io/healthcheck-interval-seconds: "5"
    alb.ingress.kubernetes.io/healthcheck-timeout-seconds: "2"
    alb.ingress.kubernetes.io/healthy-threshold-count: "2"
    alb.ingress.kubernetes.io/unhealthy-threshold-count: "2"
    alb.ingress.kubernetes.io/target-group-attributes: stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=43200,deregistration_delay.timeout_seconds=30
spec:
  ingressClassName: alb
  rules:
    - @HOST@http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: "@SERVICE@", port: {name: http}}}
)";

constexpr std::string_view kIngressNginx = R"(
@HEADING@# Its cookie must not be called @COOKIE@: it would overwrite the session's. The project has been retired
# in March 2026; for something new take another.
apiVersion: v1
kind: Service
metadata: {name: "@SERVICE@"}
spec:
  selector: {app: "@SERVICE@"}
  ports: [{name: http, port: 80, targetPort: @PORT@}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "@SERVICE@"
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/session-cookie-name: "@BALANCER_COOKIE@"
    nginx.ingress.kubernetes.io/session-cookie-samesite: Lax
    nginx.ingress.kubernetes.io/session-cookie-change-on-failure: "true"
    nginx.ingress.kubernetes.io/proxy-connect-timeout: "@CONNECT@"
    nginx.ingress.kubernetes.io/proxy-read-timeout: "@READ@"
    nginx.ingress.kubernetes.io/proxy-next-upstream: "error timeout http_502 http_503"
spec:
  ingressClassName: nginx
  rules:
    - @HOST@http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: "@SERVICE@", port: {name: http}}}
)";

constexpr std::string_view kGatewayApi = R"(
@HEADING@# A rule for each node, that matches the Cookie header and names a service of one pod, would follow the
# route, but hardly any implementation goes on to another service when that pod is gone: its sessions,
# which the other nodes have, would get 503. So there is none. Implementations of the experimental
# channel have cookies of their own: take away the '#' before sessionPersistence.
apiVersion: v1
kind: Service
metadata: {name: "@SERVICE@"}
spec:
  selector: {app: "@SERVICE@"}
  ports: [{name: http, port: 80, targetPort: @PORT@}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: "@SERVICE@"}
spec:
  parentRefs: [{name: "@SERVICE@"}]  # your Gateway
@HOSTNAMES@  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      # sessionPersistence: {sessionName: @BALANCER_COOKIE@, type: Cookie}
      backendRefs: [{name: "@SERVICE@", port: 80}]
)";

// "host: NAME" and a new line, before the "http" of an ingress rule.
std::string ingress_host(const Balancer& balancer) {
  return balancer.host.empty() ? "" : "host: \"" + balancer.host + "\"\n      ";
}

// Never the session's own cookie.
std::string balancer_cookie(const Balancer& balancer) {
  const std::string name = balancer.service + "-balancer";
  return name == balancer.cluster.cookie ? name + "-node" : name;
}

}  // namespace

absl::StatusOr<std::string> write_gke(const Balancer& balancer) {
  const auto port = common_port(balancer.cluster);
  if (!port.ok()) return port.status();
  return fill(kGke, {{"HEADING",
                      heading_without_route("Google Kubernetes Engine (not run here)", balancer)},
                     {"SERVICE", balancer.service},
                     {"TIMEOUT", seconds_text(balancer.read_timeout)},
                     {"HEALTH", balancer.cluster.health_path},
                     {"PORT", *port},
                     {"HOST", ingress_host(balancer)}});
}

absl::StatusOr<std::string> write_alb(const Balancer& balancer) {
  const auto port = common_port(balancer.cluster);
  if (!port.ok()) return port.status();
  return fill(
      kAlb,
      {{"HEADING", heading_without_route("AWS Application Load Balancer (not run here)", balancer)},
       {"SERVICE", balancer.service},
       {"HEALTH", balancer.cluster.health_path},
       {"PORT", *port},
       {"HOST", ingress_host(balancer)}});
}

absl::StatusOr<std::string> write_ingress_nginx(const Balancer& balancer) {
  const auto port = common_port(balancer.cluster);
  if (!port.ok()) return port.status();
  return fill(kIngressNginx,
              {{"HEADING", heading_without_route("ingress-nginx (not run here)", balancer)},
               {"SERVICE", balancer.service},
               {"COOKIE", balancer.cluster.cookie},
               {"BALANCER_COOKIE", balancer_cookie(balancer)},
               {"CONNECT", seconds_text(balancer.connect_timeout)},
               {"READ", seconds_text(balancer.read_timeout)},
               {"PORT", *port},
               {"HOST", ingress_host(balancer)}});
}

absl::StatusOr<std::string> write_gateway_api(const Balancer& balancer) {
  const auto port = common_port(balancer.cluster);
  if (!port.ok()) return port.status();
  return fill(
      kGatewayApi,
      {{"HEADING", heading_without_route("Gateway API (not run here)", balancer)},
       {"SERVICE", balancer.service},
       {"BALANCER_COOKIE", balancer_cookie(balancer)},
       {"PORT", *port},
       {"HOSTNAMES", balancer.host.empty() ? "" : "  hostnames: [\"" + balancer.host + "\"]\n"}});
}

}  // namespace sojournctl
