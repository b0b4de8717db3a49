#include <string>

#include "sojournctl/lb/balancers.h"
#include "sojournctl/lb/wording.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("the same cluster gives the same configuration, whole and filled in", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.show_node = true;
  balancer.host = "auth.example.com";
  for (const Target& target : targets()) {
    INFO(target.name);
    const auto text = write_configuration(target, balancer);

    REQUIRE(text.ok());
    CHECK(*text == *write_configuration(target, balancer));
    CHECK(text->ends_with('\n'));
    for (const std::string name : {"@NAME@", "@SERVICE@", "@COOKIE@", "@HEALTH@"}) {
      CHECK_FALSE(has(*text, name));
    }
  }
}

TEST_CASE("each configuration says what becomes of clients without cookies", "[sojournctl]") {
  for (const Target& target : targets()) {
    INFO(target.name);
    const auto text = write_configuration(target, three_nodes());

    REQUIRE(text.ok());
    CHECK(has(*text, "clients without cookies"));
    CHECK(has(*text, "for the nodes auth-0, auth-1, auth-10."));
  }
}

TEST_CASE("an unsound cluster is refused for every balancer", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.cookie = "a; b";
  for (const Target& target : targets()) {
    INFO(target.name);
    CHECK_FALSE(write_configuration(target, balancer).ok());
  }
}

TEST_CASE("only proxies that can ask are given an application", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.forward_auth = ForwardAuth{{"10.0.0.9", 3000}};
  for (const Target& target : targets()) {
    INFO(target.name);
    CHECK(write_configuration(target, balancer).ok() == target.has_forward_auth);
  }
}

TEST_CASE("substitutes of a node are the others that are not drained", "[sojournctl]") {
  ClusterDescription cluster = three_nodes().cluster;
  cluster.nodes[2].drained = true;

  CHECK(newcomers(cluster).size() == 2);
  const auto others = substitutes(cluster, cluster.nodes[0]);
  REQUIRE(others.size() == 1);
  CHECK(others[0].name == "auth-1");
  CHECK(substitutes(cluster, cluster.nodes[2]).size() == 2);
}

}  // namespace
}  // namespace sojournctl
