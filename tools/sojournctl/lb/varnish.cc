#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

// Only requests that change nothing are sent again: Varnish does not say whether a request had been
// sent when it failed. The header that holds the route is overwritten or removed, whatever a client
// has put there.
constexpr std::string_view kTemplate = R"(
vcl 4.1;
@HEADING@# Nothing is stored. To run it: varnishd -a @LISTEN@ -f FILE
# To drain a node, take it out of all directors but its own. When a node dies, requests that change
# something get 503 until the probe has noticed, about a second.
import cookie;
import directors;
import std;

probe @SERVICE@_ready {
    .url = "@HEALTH@";
    .interval = 500ms;
    .timeout = 1s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}
@BACKENDS@

sub vcl_init {
    new anywhere = directors.round_robin();
@ANYWHERE@
@DIRECTORS@
}

sub vcl_recv {
    # Browsers that speak HTTP/2 may send the header in several lines.
    std.collect(req.http.Cookie, "; ");
    cookie.parse(req.http.Cookie);
    set req.http.X-Sojourn-Route = regsub(cookie.get("@COOKIE@"), "^.*\.", "");
    set req.http.X-Forwarded-Host = req.http.Host;
    set req.http.X-Forwarded-Proto = "http"; # or "https", if what stands in front ends TLS
@OWNERS@ else {
        unset req.http.X-Sojourn-Route;
        set req.backend_hint = anywhere.backend();
    }
    return (pass);
}

sub vcl_backend_error {
    if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
    }
}

sub vcl_backend_fetch {
    if (bereq.retries > 0) {
@SUBSTITUTES@ else {
            set bereq.backend = anywhere.backend();
        }
    }
}
@SHOW_NODE@)";

constexpr std::string_view kBackend = R"(backend node_@NAME@ {
    .host = "@HOST@";
    .port = "@PORT@";
    .probe = @SERVICE@_ready;
    .connect_timeout = @CONNECT@s;
    .first_byte_timeout = @READ@s;
})";

constexpr std::string_view kShowNode = R"(
sub vcl_backend_response {
    set beresp.http.X-Answered-By = regsub(beresp.backend.name, "^.*node_", "");
}
)";

std::string add(const std::string& director, const std::vector<Node>& nodes) {
  return join(nodes, "\n", [&director](const Node& node) {
    return "    " + director + ".add_backend(node_" + node.name + ");";
  });
}

// The owner as long as it is well, otherwise the others in turn.
std::string director(const ClusterDescription& cluster, const Node& node) {
  const std::vector<Node> others = substitutes(cluster, node);
  const std::string at = "at_" + node.name;
  const std::string instead = "instead_" + node.name;
  if (others.empty()) return "    new " + at + " = directors.fallback();\n" + add(at, {node});
  return "    new " + instead + " = directors.round_robin();\n" + add(instead, others) +
         "\n    new " + at + " = directors.fallback();\n" + add(at, {node}) + "\n    " + at +
         ".add_backend(" + instead + ".backend());";
}

// "if (the route is that node's) { ... } else if ...", without the last else.
template <typename Act>
std::string choose(const std::vector<Node>& nodes, std::string_view request,
                   std::string_view indent, Act act) {
  return std::string(indent) + join(nodes, " else ", [&](const Node& node) {
           return "if (" + std::string(request) + ".http.X-Sojourn-Route == \"" + node.name +
                  "\") {\n" + std::string(indent) + "    " + act(node) + "\n" +
                  std::string(indent) + "}";
         });
}

}  // namespace

absl::StatusOr<std::string> write_varnish(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const auto backend = [&](const Node& node) {
    return fill(kBackend, {{"NAME", node.name},
                           {"HOST", node.address.host},
                           {"PORT", std::to_string(node.address.port)},
                           {"SERVICE", identifier(balancer.service)},
                           {"CONNECT", seconds_text(balancer.connect_timeout)},
                           {"READ", seconds_text(balancer.read_timeout)}});
  };
  const auto owner = [](const Node& node) {
    return "set req.backend_hint = at_" + node.name + ".backend();";
  };
  const auto substitute = [&cluster](const Node& node) {
    return "set bereq.backend = " +
           (substitutes(cluster, node).empty() ? "at_" + node.name : "instead_" + node.name) +
           ".backend();";
  };
  return fill(kTemplate,
              {{"HEADING", heading("Varnish 6.4 or newer", balancer)},
               {"LISTEN", balancer.listen_address().text()},
               {"SERVICE", identifier(balancer.service)},
               {"HEALTH", cluster.health_path},
               {"COOKIE", cluster.cookie},
               {"BACKENDS", join(cluster.nodes, "\n", backend)},
               {"ANYWHERE", add("anywhere", newcomers(cluster))},
               {"DIRECTORS", join(cluster.nodes, "\n",
                                  [&](const Node& node) { return director(cluster, node); })},
               {"OWNERS", choose(cluster.nodes, "req", "    ", owner)},
               {"SUBSTITUTES", choose(cluster.nodes, "bereq", "        ", substitute)},
               {"SHOW_NODE", balancer.show_node ? std::string(kShowNode) : ""}});
}

}  // namespace sojournctl
