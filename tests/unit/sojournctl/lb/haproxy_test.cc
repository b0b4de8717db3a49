#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("HAProxy sends sessions to the server of that name", "[sojournctl]") {
  const auto text = written("haproxy", three_nodes());

  REQUIRE(text.ok());
  CHECK(line_with(*text, "use-server") ==
        "use-server %[req.cook(__Host-sid),field(-1,.)] if { req.cook(__Host-sid) -m sub . }");
  CHECK(line_with(*text, "server auth-1 ") == "server auth-1 10.0.0.2:8080");
  CHECK(line_with(*text, "server auth-10 ") == "server auth-10 10.0.0.3:8080");
  CHECK(line_with(*text, "bind") == "bind 127.0.0.1:8000");
  CHECK(line_with(*text, "httpchk") == "option httpchk GET /readyz");
}

TEST_CASE("HAProxy leaves a dead server at the first retry", "[sojournctl]") {
  const auto text = written("haproxy", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text, "option redispatch 1\n"));
  CHECK_FALSE(has(*text, "shutdown-sessions"));
}

TEST_CASE("HAProxy sends nobody new to a drained server", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[1].drained = true;
  const auto text = written("haproxy", balancer);

  REQUIRE(text.ok());
  CHECK(has(*text, "server auth-1 10.0.0.2:8080 weight 0"));
  CHECK_FALSE(has(*text, "server auth-10 10.0.0.3:8080 weight"));
}

TEST_CASE("HAProxy asks again for addresses of host names", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[0].address = {"auth-0.auth", 8080};
  const auto text = written("haproxy", balancer);

  REQUIRE(text.ok());
  CHECK(has(*text, "server auth-0 auth-0.auth:8080 resolvers sojourn init-addr last,libc,none"));
  CHECK(has(*text, "\nresolvers sojourn\n"));
  CHECK_FALSE(has(*written("haproxy", three_nodes()), "resolvers"));
}

TEST_CASE("HAProxy cannot ask before it lets requests pass", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.forward_auth = ForwardAuth{{"10.0.0.9", 80}};

  CHECK_FALSE(written("haproxy", balancer).ok());
}

TEST_CASE("configurations for unknown balancers are refused, with those that there are",
          "[sojournctl]") {
  const auto text = written("squid", three_nodes());

  REQUIRE_FALSE(text.ok());
  CHECK(has(std::string(text.status().message()), "haproxy"));
}

}  // namespace
}  // namespace sojournctl
