#include "sojournctl/lb/cluster_description.h"

#include <string>

#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("addresses are IP addresses or host names with a port", "[sojournctl]") {
  for (const std::string text : {"10.0.0.1:8080", "[::1]:80", "[2001:db8::7]:65535", "auth-0:1",
                                 "auth-0.auth.default.svc.cluster.local:8080"}) {
    INFO(text);
    const auto address = Address::parse(text);

    REQUIRE(address.ok());
    CHECK(address->text() == text);
  }
  CHECK(Address::parse("auth-0:80")->is_name());
  CHECK_FALSE(Address::parse("10.0.0.1:80")->is_name());
  CHECK(Address::parse("[::1]:80")->host == "::1");
}

TEST_CASE("what is no address is refused by name", "[sojournctl]") {
  for (const std::string text : {"",
                                 "auth-0",
                                 "auth-0:",
                                 ":80",
                                 "10.0.0.1:0",
                                 "10.0.0.1:65536",
                                 "10.0.0.1:080",
                                 "10.0.0.1: 80",
                                 "10.0.0.1:80x",
                                 "::1:80",
                                 "[10.0.0.1]:80",
                                 "[::1:80",
                                 "10.0.0.256:80",
                                 "a b:80",
                                 "a;b:80",
                                 "a\"b:80",
                                 "a{b:80",
                                 "a\nb:80",
                                 "-a:80",
                                 "a..b:80",
                                 "a_b:80",
                                 "[fe80::1%eth0]:80",
                                 "http://a:80",
                                 "[::1;]:80",
                                 "$a:80"}) {
    INFO(text);
    const auto address = Address::parse(text);

    REQUIRE_FALSE(address.ok());
    CHECK(has(std::string(address.status().message()), "'" + text + "'"));
  }
  CHECK(Address::parse(":80", /*host_may_be_empty=*/true).ok());
}

TEST_CASE("a node is a name of the form of members and an address", "[sojournctl]") {
  const auto node = Node::parse("auth-10=10.0.0.3:8080");

  REQUIRE(node.ok());
  CHECK(node->name == "auth-10");
  CHECK(node->address == Address{"10.0.0.3", 8080});
  CHECK_FALSE(node->drained);
  CHECK(Node::parse(std::string(32, 'a') + "=a:1").ok());
}

TEST_CASE("names that a configuration or a cookie cannot hold are refused", "[sojournctl]") {
  for (const std::string text :
       {"", "auth-0", "=a:1", "Auth-0=a:1", "auth.0=a:1", "-auth=a:1", "auth-=a:1", "a b=a:1",
        "a;b=a:1", "a\"=a:1", "a\n=a:1", "a$b=a:1", "a_b=a:1", "a|b=a:1"}) {
    INFO(text);
    CHECK_FALSE(Node::parse(text).ok());
  }
  CHECK_FALSE(Node::parse(std::string(33, 'a') + "=a:1").ok());
  CHECK(Node::parse("auth-0=nowhere").status().message() ==
        "node 'auth-0': address 'nowhere': is not HOST:PORT");
}

TEST_CASE("a cluster has nodes, each once, and one for newcomers", "[sojournctl]") {
  ClusterDescription cluster = three_nodes().cluster;
  CHECK(cluster.check().ok());

  SECTION("no node") { cluster.nodes.clear(); }
  SECTION("a node twice") { cluster.nodes.push_back(cluster.nodes[0]); }
  SECTION("nobody for newcomers") {
    for (Node& node : cluster.nodes) node.drained = true;
  }
  SECTION("a node nowhere") { cluster.nodes[1].address = {}; }
  SECTION("a node without a sound name") { cluster.nodes[1].name = "a;b"; }

  CHECK_FALSE(cluster.check().ok());
}

TEST_CASE("cookies and paths that would end a word of a configuration are refused",
          "[sojournctl]") {
  for (const std::string text :
       {"", "a b", "a;b", "a\"b", "a'b", "a}b", "a|b", "a.b", "a$b", "a\nb", "a`b", "a)b", "a*b"}) {
    INFO(text);
    ClusterDescription with_cookie = three_nodes().cluster;
    with_cookie.cookie = text;
    CHECK_FALSE(with_cookie.check().ok());

    if (text == "a.b") continue;  // a dot may stand in a path
    ClusterDescription with_path = three_nodes().cluster;
    with_path.health_path = "/" + text;
    CHECK(with_path.check().ok() == text.empty());
  }
}

TEST_CASE("what stands around the nodes is checked as well", "[sojournctl]") {
  Balancer balancer = three_nodes();
  CHECK(balancer.check().ok());

  SECTION("host") { balancer.host = "a b"; }
  SECTION("service") { balancer.service = "a b"; }
  SECTION("connect timeout") { balancer.connect_timeout = std::chrono::seconds(0); }
  SECTION("read timeout") { balancer.read_timeout = std::chrono::seconds(3601); }
  SECTION("portal") { balancer.forward_auth = ForwardAuth{{"10.0.0.9", 80}, "/"}; }

  CHECK_FALSE(balancer.check().ok());
}

}  // namespace
}  // namespace sojournctl
