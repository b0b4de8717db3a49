#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

// The whole header is looked at, because a variable $cookie_NAME cannot be written for a name that
// holds a hyphen: nginx would take it for a shorter one and the rest for text, without a word.
constexpr std::string_view kMap = R"(
@HEADING@# This belongs into the http block: a file in /etc/nginx/conf.d, for instance. To drain a node, take
# it out of all upstreams but its own.
map $http_cookie $@VARIABLE@_upstream {
    default @SERVICE@-any;
@ROUTES@
}
upstream @SERVICE@-any {
    zone @SERVICE@-any 64k;
@SERVERS@
}
@UPSTREAMS@
)";

constexpr std::string_view kUpstream = R"(upstream @SERVICE@-at-@NAME@ {
    zone @SERVICE@-at-@NAME@ 64k;
    server @ADDRESS@ max_fails=1 fail_timeout=2s;
@SUBSTITUTES@})";

// From 1.29.6 on nginx reads routes by itself; what it cannot do is take them out of a cookie.
constexpr std::string_view kSticky = R"nginx(
@HEADING@# This belongs into the http block: a file in /etc/nginx/conf.d, for instance. It needs nginx 1.29.6;
# the target "nginx" is for older ones. A server with "drain" keeps its sessions and gets nobody new.
map $http_cookie $@VARIABLE@_route {
    default "";
    "~(?:^|;\s*)@COOKIE@=[^;]*\.(?<@VARIABLE@_found>[a-z0-9-]+)(?:;|$)" $@VARIABLE@_found;
}
upstream @SERVICE@ {
    zone @SERVICE@ 64k;
@SERVERS@
    sticky route $@VARIABLE@_route;
}
)nginx";

constexpr std::string_view kServer = R"(server {
    listen @LISTEN@;
@SERVER_NAME@    proxy_connect_timeout @CONNECT@s;
    proxy_read_timeout @READ@s;
    # Requests that change something go on only if they were not sent yet.
    proxy_next_upstream error timeout http_502 http_503;
    proxy_next_upstream_tries 3;
@SHOW_NODE@@LOCATIONS@
}
)";

constexpr std::string_view kLocation = R"(    location @PATH@ {
        proxy_pass http://@UPSTREAM@;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
    })";

// auth_request knows 2xx, 401 and 403 only, and makes 500 of all else. Headers that nobody sets
// here are emptied: a client could write them itself.
constexpr std::string_view kForwardAuth = R"(
    # Each request is first shown to a node, without its body.
    location = /.sojourn-verify {
        internal;
        proxy_pass http://@UPSTREAM@/verify/nginx;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Host "";
    }
    location / {
        auth_request /.sojourn-verify;
        auth_request_set $@VARIABLE@_login $upstream_http_location;
        auth_request_set $@VARIABLE@_user $upstream_http_remote_user;
        auth_request_set $@VARIABLE@_groups $upstream_http_remote_groups;
        auth_request_set $@VARIABLE@_email $upstream_http_remote_email;
        auth_request_set $@VARIABLE@_name $upstream_http_remote_name;
        error_page 401 =302 $@VARIABLE@_login;
        error_page 500 =503 /.sojourn-unavailable;
        proxy_pass http://@APPLICATION@;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Remote-User $@VARIABLE@_user;
        proxy_set_header Remote-Groups $@VARIABLE@_groups;
        proxy_set_header Remote-Email $@VARIABLE@_email;
        proxy_set_header Remote-Name $@VARIABLE@_name;
        # Nobody but the nodes says who somebody is.
        proxy_set_header X-Auth-Request-User "";
        proxy_set_header X-Auth-Request-Email "";
        proxy_set_header X-Auth-Request-Groups "";
        proxy_set_header X-Auth-Request-Preferred-Username "";
        proxy_set_header X-Token-Subject "";
        proxy_set_header X-Token-User-Name "";
        proxy_set_header X-Token-User-Email "";
        proxy_set_header X-Token-User-Roles "";
    }
    location = /.sojourn-unavailable {
        internal;
        add_header Retry-After 1 always;
        return 503;
    })";

// `upstream` is a name or a variable.
std::string server_block(const Balancer& balancer, const std::string& upstream) {
  const auto location = [&upstream](const std::string& path) {
    return fill(kLocation, {{"PATH", path}, {"UPSTREAM", upstream}});
  };
  std::string locations;
  if (balancer.forward_auth) {
    locations = location(balancer.forward_auth->portal + "/") +
                fill(std::string("\n").append(kForwardAuth),
                     {{"UPSTREAM", upstream},
                      {"VARIABLE", identifier(balancer.service)},
                      {"APPLICATION", balancer.forward_auth->application.text()}});
  } else {
    locations = location("/");
  }
  const Address listen = balancer.listen_address();
  return fill(
      kServer,
      {{"LISTEN", listen.host.empty() ? std::to_string(listen.port) : listen.text()},
       {"SERVER_NAME", balancer.host.empty() ? "" : "    server_name " + balancer.host + ";\n"},
       {"CONNECT", seconds_text(balancer.connect_timeout)},
       {"READ", seconds_text(balancer.read_timeout)},
       {"SHOW_NODE",
        balancer.show_node ? "    add_header X-Answered-By $upstream_addr always;\n" : ""},
       {"LOCATIONS", locations}});
}

std::string server_line(const Node& node) {
  return "    server " + node.address.text() + " max_fails=1 fail_timeout=2s;";
}

}  // namespace

absl::StatusOr<std::string> write_nginx(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const auto route = [&](const Node& node) {
    return "    \"~" + cookie_pattern(cluster, node) + "\" " + balancer.service + "-at-" +
           node.name + ";";
  };
  const auto upstream = [&](const Node& node) {
    return fill(kUpstream,
                {{"SERVICE", balancer.service},
                 {"NAME", node.name},
                 {"ADDRESS", node.address.text()},
                 {"SUBSTITUTES", join(substitutes(cluster, node), "", [](const Node& each) {
                    return "    server " + each.address.text() + " backup;\n";
                  })}});
  };
  const std::string variable = identifier(balancer.service);
  return fill(kMap, {{"HEADING", heading("nginx, of any version", balancer)},
                     {"VARIABLE", variable},
                     {"SERVICE", balancer.service},
                     {"ROUTES", join(cluster.nodes, "\n", route)},
                     {"SERVERS", join(newcomers(cluster), "\n", server_line)},
                     {"UPSTREAMS", join(cluster.nodes, "\n", upstream)}}) +
         server_block(balancer, "$" + variable + "_upstream");
}

absl::StatusOr<std::string> write_nginx_sticky(const Balancer& balancer) {
  const auto server = [](const Node& node) {
    return "    server " + node.address.text() + " route=" + node.name +
           (node.drained ? " drain" : "") + " max_fails=1 fail_timeout=2s;";
  };
  return fill(kSticky, {{"HEADING", heading("nginx 1.29.6 or newer", balancer)},
                        {"VARIABLE", identifier(balancer.service)},
                        {"SERVICE", balancer.service},
                        {"COOKIE", balancer.cluster.cookie},
                        {"SERVERS", join(balancer.cluster.nodes, "\n", server)}}) +
         server_block(balancer, balancer.service);
}

}  // namespace sojournctl
