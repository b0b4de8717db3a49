#include "sojournctl/lb/target_list.h"
#include "sojournctl/lb/template_text.h"
#include "sojournctl/lb/wording.h"

namespace sojournctl {
namespace {

constexpr std::string_view kTemplate = R"apache(
@HEADING@# This belongs into a file of its own: /etc/apache2/sites-available/@SERVICE@.conf, for instance, after
#   a2enmod proxy proxy_http proxy_balancer lbmethod_byrequests proxy_hcheck slotmem_shm headers
# Leave out Listen if another file has it. "status=+N" drains a member.
Listen @LISTEN@
<VirtualHost @VIRTUAL_HOST@>
@SERVER_NAME@    ProxyRequests Off
    ProxyPreserveHost On
    # Nobody but this server says what the browser asked for.
    RequestHeader unset X-Forwarded-Host
    RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
    # Apache joins header lines of one name by commas, which in a Cookie header mean nothing.
    RequestHeader edit* Cookie ",\s*(?=@COOKIE@=)" "; "
@SHOW_NODE@    <Proxy "balancer://@SERVICE@">
        # Connections are not used again: Apache would send a request into one whose server has died,
        # and not send it again.
@MEMBERS@
        # What follows "|" is the name that is looked for in URLs. Without it a "@COOKIE@="
        # anywhere in a URL, in a redirect_url as well, would win over the cookie.
        ProxySet lbmethod=byrequests stickysession=@COOKIE@|_no_url_ nofailover=Off failontimeout=On
    </Proxy>
    ProxyPass "/" "balancer://@SERVICE@/"
    ProxyPassReverse "/" "balancer://@SERVICE@/"
</VirtualHost>
)apache";

}  // namespace

absl::StatusOr<std::string> write_apache(const Balancer& balancer) {
  const ClusterDescription& cluster = balancer.cluster;
  const auto member = [&](const Node& node) {
    return "        BalancerMember \"http://" + node.address.text() + "\" route=" + node.name +
           " retry=1 disablereuse=On connectiontimeout=" + seconds_text(balancer.connect_timeout) +
           " timeout=" + seconds_text(balancer.read_timeout) +
           " hcmethod=GET hcuri=" + cluster.health_path + " hcinterval=1 hcpasses=1 hcfails=2" +
           (node.drained ? " status=+N" : "");
  };
  const Address listen = balancer.listen_address();
  const std::string port = std::to_string(listen.port);
  return fill(
      kTemplate,
      {{"HEADING", heading("Apache 2.4", balancer)},
       {"LISTEN", listen.host.empty() ? port : listen.text()},
       {"VIRTUAL_HOST", listen.host.empty() ? "*:" + port : listen.text()},
       {"SERVER_NAME", balancer.host.empty() ? "" : "    ServerName " + balancer.host + "\n"},
       {"SHOW_NODE", balancer.show_node
                         ? "    Header always set X-Answered-By \"%{BALANCER_WORKER_ROUTE}e\"\n"
                         : ""},
       {"SERVICE", balancer.service},
       {"COOKIE", cluster.cookie},
       {"MEMBERS", join(cluster.nodes, "\n", member)}});
}

}  // namespace sojournctl
