#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("Caddy has each node's sessions fall back to a different one", "[sojournctl]") {
  const auto text = written("caddy", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text,
            "reverse_proxy 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080 {\n\t\t\tlb_policy first"));
  CHECK(has(*text,
            "reverse_proxy 10.0.0.2:8080 10.0.0.3:8080 10.0.0.1:8080 {\n\t\t\tlb_policy first"));
  CHECK(has(*text,
            "reverse_proxy 10.0.0.3:8080 10.0.0.1:8080 10.0.0.2:8080 {\n\t\t\tlb_policy first"));
  CHECK(has(*text, "lb_policy round_robin"));
}

TEST_CASE("Caddy looks for names of nodes and nothing longer", "[sojournctl]") {
  const auto text = written("caddy", three_nodes());

  REQUIRE(text.ok());
  CHECK(line_with(*text, "@at-auth-1 ") ==
        R"(@at-auth-1 header_regexp Cookie `(?:^|;\s*)__Host-sid=[^;]*\.auth-1(?:;|$)`)");
  CHECK_FALSE(has(*text, "expression"));
}

TEST_CASE("Caddy serves where it is told to, or gets a certificate", "[sojournctl]") {
  Balancer balancer = three_nodes();
  const auto on_loopback = written("caddy", balancer);
  CHECK(has(*on_loopback, "\nhttp://:8000 {\n\tbind 127.0.0.1\n"));

  balancer.host = "auth.example.com";
  CHECK(has(*written("caddy", balancer), "\nhttp://auth.example.com:8000 {\n\tbind 127.0.0.1\n"));

  balancer.listen = {};
  const auto by_https = written("caddy", balancer);
  CHECK(has(*by_https, "\nauth.example.com {\n"));
  CHECK_FALSE(has(*by_https, "bind"));
}

TEST_CASE("Caddy sends nobody new to a drained node", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[1].drained = true;
  const auto text = written("caddy", balancer);

  REQUIRE(text.ok());
  CHECK(has(*text, "reverse_proxy 10.0.0.1:8080 10.0.0.3:8080 {\n\t\t\tlb_policy first"));
  CHECK(has(*text,
            "reverse_proxy 10.0.0.2:8080 10.0.0.3:8080 10.0.0.1:8080 {\n\t\t\tlb_policy first"));
  CHECK(has(*text, "reverse_proxy 10.0.0.1:8080 10.0.0.3:8080 {\n\t\t\tlb_policy round_robin"));
}

TEST_CASE("Caddy takes away what only nodes may say before it asks them", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.forward_auth = ForwardAuth{{"10.0.0.9", 3000}};
  const auto text = written("caddy", balancer);

  REQUIRE(text.ok());
  const auto taken_away = text->find("request_header -Remote-*");
  REQUIRE(taken_away != std::string::npos);
  CHECK(taken_away < text->find("forward_auth"));
  CHECK(has(*text, "request_header -X-Auth-Request-*"));
  CHECK(has(*text, "request_header -X-Token-*"));
  CHECK(has(*text, "forward_auth @at-auth-10 10.0.0.3:8080 10.0.0.1:8080 10.0.0.2:8080 {"));
  CHECK(has(*text, "uri /verify?\n"));  // without the client's query
  CHECK(has(*text, "reverse_proxy 10.0.0.9:3000\n"));
  CHECK(has(*text, "handle /auth* {"));
}

}  // namespace
}  // namespace sojournctl
