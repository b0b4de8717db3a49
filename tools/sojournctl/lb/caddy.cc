#include <algorithm>

#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

constexpr std::string_view kTemplate = R"(
@HEADING@# When a node is down, its sessions go to the next one in its list until it is back.
# To drain a node, take it out of all lists but its own.
(@SERVICE@_nodes) {
	lb_try_duration 3s
	lb_try_interval 50ms
	fail_duration 2s
	health_uri @HEALTH@
	health_interval 1s
	health_timeout 1s
	transport http {
		dial_timeout @CONNECT@s
		response_header_timeout @READ@s
	}
@SHOW_NODE@}
@SITE@ {
@BIND@@MATCHERS@
@ROUTES@}
)";

constexpr std::string_view kProxy = R"(	handle@MATCHER@ {
		reverse_proxy @UPSTREAMS@ {
			lb_policy @POLICY@
			import @SERVICE@_nodes
		}
	}
)";

// Headers that the nodes do not set would be the client's own. The question mark keeps the client's
// query away from the nodes.
constexpr std::string_view kForwardAuth = R"(	handle {
		# Each request is first shown to a node, without its body. Nobody but the nodes says who
		# somebody is.
		route {
			request_header -Remote-*
			request_header -X-Auth-Request-*
			request_header -X-Token-*
@ASK@			reverse_proxy @APPLICATION@
		}
	}
)";

constexpr std::string_view kAsk = R"(			forward_auth @MATCHER@ @UPSTREAMS@ {
				uri /verify?
				copy_headers Remote-User Remote-Groups Remote-Email Remote-Name
				lb_policy @POLICY@
				import @SERVICE@_nodes
			}
)";

std::string addresses(const std::vector<Node>& nodes) {
  return join(nodes, " ", [](const Node& node) { return node.address.text(); });
}

// The node, then the others, beginning with the one after it: so the sessions of two nodes that are
// down do not go to the same.
std::vector<Node> in_turn(const ClusterDescription& cluster, const Node& node) {
  std::vector<Node> nodes = cluster.nodes;
  std::ranges::rotate(nodes, std::ranges::find(nodes, node.name, &Node::name));
  std::erase_if(nodes,
                [&node](const Node& each) { return each.drained && each.name != node.name; });
  return nodes;
}

// What to do with requests that a matcher selects: those of one node's sessions, or of no node's.
struct Selection {
  std::string matcher;
  std::string upstreams;
  std::string policy;
};

std::vector<Selection> selections(const Balancer& balancer) {
  std::vector<Selection> result;
  for (const Node& node : balancer.cluster.nodes) {
    result.push_back({"@at-" + node.name, addresses(in_turn(balancer.cluster, node)), "first"});
  }
  result.push_back({"@anywhere", addresses(newcomers(balancer.cluster)), "round_robin"});
  return result;
}

// Matchers by regular expressions on the header: expressions in Caddy's own language fail with
// status 500 where the cookie is missing.
std::string matchers(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const std::string of_nodes = join(cluster.nodes, "\n", [&cluster](const Node& node) {
    return "	@at-" + node.name + " header_regexp Cookie `" + cookie_pattern(cluster, node) + "`";
  });
  return of_nodes + "\n	@anywhere not header_regexp Cookie `" + R"((?:^|;\s*))" + cluster.cookie +
         R"(=[^;]*\.(?:)" + join(cluster.nodes, "|", [](const Node& node) { return node.name; }) +
         ")(?:;|$)`";
}

std::string proxy_routes(const Balancer& balancer) {
  return join(selections(balancer), "", [&balancer](const Selection& selection) {
    return fill(kProxy, {{"MATCHER", " " + selection.matcher},
                         {"UPSTREAMS", selection.upstreams},
                         {"POLICY", selection.policy},
                         {"SERVICE", balancer.service}});
  });
}

std::string indented(std::string_view text) {
  std::string result;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && c != '\n') result += '\t';
    at_start = c == '\n';
    result += c;
  }
  return result;
}

std::string asking_routes(const Balancer& balancer, const ForwardAuth& forward_auth) {
  const std::string ask = join(selections(balancer), "", [&balancer](const Selection& selection) {
    return fill(kAsk, {{"MATCHER", selection.matcher},
                       {"UPSTREAMS", selection.upstreams},
                       {"POLICY", selection.policy},
                       {"SERVICE", balancer.service}});
  });
  return "	handle " + forward_auth.portal + "* {\n" + indented(proxy_routes(balancer)) +
         "	}\n" +
         fill(kForwardAuth, {{"ASK", ask}, {"APPLICATION", forward_auth.application.text()}});
}

// A site with a name and nothing else is served by https, with a certificate that Caddy gets.
std::string site(const Balancer& balancer) {
  if (!balancer.host.empty() && !balancer.listen) return balancer.host;
  return "http://" + balancer.host + ":" + std::to_string(balancer.listen_address().port);
}

}  // namespace

absl::StatusOr<std::string> write_caddy(const Balancer& balancer) {
  const Address listen = balancer.listen_address();
  return fill(
      kTemplate,
      {{"HEADING", heading("Caddy 2.6 or newer", balancer)},
       {"SERVICE", balancer.service},
       {"HEALTH", balancer.cluster.health_path},
       {"CONNECT", seconds_text(balancer.connect_timeout)},
       {"READ", seconds_text(balancer.read_timeout)},
       {"SHOW_NODE", balancer.show_node
                         ? "	header_down X-Answered-By {http.reverse_proxy.upstream.hostport}\n"
                         : ""},
       {"SITE", site(balancer)},
       // The address of a site does not say where it is served.
       {"BIND", listen.host.empty() ? "" : "	bind " + listen.host + "\n"},
       {"MATCHERS", matchers(balancer)},
       {"ROUTES", balancer.forward_auth ? asking_routes(balancer, *balancer.forward_auth)
                                        : proxy_routes(balancer)}});
}

}  // namespace sojournctl
