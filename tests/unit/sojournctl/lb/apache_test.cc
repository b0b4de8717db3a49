#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("Apache takes the route from the cookie and never from a URL", "[sojournctl]") {
  const auto text = written("apache", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(line_with(*text, "ProxySet"), " stickysession=__Host-sid|_no_url_ "));
  CHECK(has(line_with(*text, "10.0.0.2"), " route=auth-1 "));
  CHECK(has(line_with(*text, "10.0.0.3"), " route=auth-10 "));
}

TEST_CASE("Apache sends no request into a connection whose server has died", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.read_timeout = std::chrono::seconds(7);
  const auto text = written("apache", balancer);

  REQUIRE(text.ok());
  CHECK(has(line_with(*text, "10.0.0.1"), " disablereuse=On connectiontimeout=1 timeout=7 "));
  CHECK(has(*text, " failontimeout=On"));
}

TEST_CASE("Apache drains by status", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[0].drained = true;
  const auto text = written("apache", balancer);

  REQUIRE(text.ok());
  CHECK(line_with(*text, "10.0.0.1").ends_with(" status=+N"));
  CHECK_FALSE(has(line_with(*text, "10.0.0.2"), "status"));
}

TEST_CASE("Apache listens on one address or on all", "[sojournctl]") {
  Balancer balancer = three_nodes();
  CHECK(line_with(*written("apache", balancer), "<VirtualHost") == "<VirtualHost 127.0.0.1:8000>");

  balancer.listen = {};
  balancer.host = "auth.example.com";
  const auto text = written("apache", balancer);
  CHECK(line_with(*text, "Listen 80") == "Listen 80");
  CHECK(line_with(*text, "<VirtualHost") == "<VirtualHost *:80>");
  CHECK(line_with(*text, "ServerName") == "ServerName auth.example.com");
}

}  // namespace
}  // namespace sojournctl
