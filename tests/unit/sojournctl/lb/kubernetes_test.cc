#include <string>

#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("balancers that cannot read the cookie say so", "[sojournctl]") {
  for (const std::string target : {"gke", "alb", "ingress-nginx", "gateway-api"}) {
    INFO(target);
    const auto text = written(target, three_nodes());

    REQUIRE(text.ok());
    CHECK(has(*text, "cannot read which node"));
    CHECK_FALSE(target_named(target)->follows_cookie);
  }
}

TEST_CASE("pods of one service have one port", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[2].address.port = 8081;
  for (const std::string target : {"gke", "alb", "ingress-nginx", "gateway-api"}) {
    INFO(target);
    const auto text = written(target, balancer);

    REQUIRE_FALSE(text.ok());
    CHECK(has(std::string(text.status().message()), "'auth-0' and 'auth-10'"));
  }
}

TEST_CASE("a balancer's own cookie never has the name of the session's", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.cookie = "auth-balancer";

  CHECK(has(*written("ingress-nginx", balancer), "session-cookie-name: \"auth-balancer-node\"\n"));
  CHECK(has(*written("ingress-nginx", three_nodes()), "session-cookie-name: \"auth-balancer\"\n"));
}

TEST_CASE("the Gateway API gets no rule that would end with a pod", "[sojournctl]") {
  const auto text = written("gateway-api", three_nodes());

  REQUIRE(text.ok());
  CHECK_FALSE(has(*text, "RegularExpression"));
  CHECK(has(*text, "# sessionPersistence: {sessionName: auth-balancer, type: Cookie}"));
}

}  // namespace
}  // namespace sojournctl
