#include <algorithm>

#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

// The last part of the cookie is used as it stands: a name of no server, or of one that is down, is
// no name, and the request is balanced. Not "on-marked-down shutdown-sessions": it would end
// requests that are on their way to another server. The section of defaults has a name so that it
// changes nothing for others in the file.
constexpr std::string_view kTemplate = R"(
@HEADING@# To drain a node while it runs, say on the statistics socket: set server @BACKEND@/NODE state drain
@RESOLVERS@defaults sojourn
    mode http
    timeout connect @CONNECT@s
    timeout client 30s
    timeout server @READ@s
    timeout check 2s
    # A request that finds its node gone goes to another one at once: any if it was not sent yet, and
    # those that change nothing if the node died with them.
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response

frontend @BACKEND@_in from sojourn
    bind @LISTEN@
    default_backend @BACKEND@

backend @BACKEND@ from sojourn
    balance roundrobin
    http-request disable-l7-retry unless METH_GET
    option forwardfor
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http unless { ssl_fc }
@SHOW_NODE@    option httpchk GET @HEALTH@
    default-server check inter 1s fastinter 200ms fall 2 rise 1
    # Cookies read <id>.<node>. A name of no server, or of one that is down, is ignored.
    use-server %[req.cook(@COOKIE@),field(-1,.)] if { req.cook(@COOKIE@) -m sub . }
@SERVERS@
)";

constexpr std::string_view kResolvers =
    R"(# Nodes are given by host names, which are asked for again.
resolvers sojourn
    parse-resolv-conf
    hold valid 5s

)";

std::string server(const Node& node) {
  std::string line = "    server " + node.name + " " + node.address.text();
  if (node.address.is_name()) line += " resolvers sojourn init-addr last,libc,none";
  if (node.drained) line += " weight 0  # drained: keeps its sessions, gets nobody new";
  return line;
}

}  // namespace

absl::StatusOr<std::string> write_haproxy(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const bool has_names =
      std::ranges::any_of(cluster.nodes, [](const Node& node) { return node.address.is_name(); });
  const Address listen = balancer.listen_address();
  return fill(
      kTemplate,
      {{"HEADING", heading("HAProxy 2.4 or newer", balancer)},
       {"BACKEND", balancer.service},
       {"RESOLVERS", has_names ? std::string(kResolvers) : ""},
       {"CONNECT", seconds_text(balancer.connect_timeout)},
       {"READ", seconds_text(balancer.read_timeout)},
       {"LISTEN", listen.host.empty() ? "*" + listen.text() : listen.text()},
       {"SHOW_NODE", balancer.show_node ? "    http-response set-header X-Answered-By %s\n" : ""},
       {"HEALTH", cluster.health_path},
       {"COOKIE", cluster.cookie},
       {"SERVERS", join(cluster.nodes, "\n", server)}});
}

}  // namespace sojournctl
