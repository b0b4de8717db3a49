#include <string>

#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("nginx chooses an upstream by the whole cookie header", "[sojournctl]") {
  const auto text = written("nginx", three_nodes());

  REQUIRE(text.ok());
  CHECK(line_with(*text, "auth-at-auth-1;") ==
        R"nginx("~(?:^|;\s*)__Host-sid=[^;]*\.auth-1(?:;|$)" auth-at-auth-1;)nginx");
  CHECK(has(*text, "map $http_cookie $auth_upstream {\n    default auth-any;"));
  CHECK(line_with(*text, "proxy_pass") == "proxy_pass http://$auth_upstream;");
  CHECK_FALSE(has(*text, "$cookie_"));
}

TEST_CASE("nginx goes on to the others when a node is gone", "[sojournctl]") {
  const auto text = written("nginx", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text,
            "    server 10.0.0.2:8080 max_fails=1 fail_timeout=2s;\n"
            "    server 10.0.0.1:8080 backup;\n"
            "    server 10.0.0.3:8080 backup;\n"));
}

TEST_CASE("nginx sends nobody new to a drained node, not even from another", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[1].drained = true;
  const auto text = written("nginx", balancer);

  REQUIRE(text.ok());
  CHECK(has(*text, "auth-at-auth-1;"));
  CHECK(has(*text,
            "upstream auth-at-auth-1 {\n    zone auth-at-auth-1 64k;\n"
            "    server 10.0.0.2:8080 max_fails=1"));
  CHECK_FALSE(has(*text, "server 10.0.0.2:8080 backup"));
  CHECK(line_with(text->substr(text->find("upstream auth-any")), "10.0.0.2") ==
        "server 10.0.0.2:8080 max_fails=1 fail_timeout=2s;");  // its own, after auth-any
  CHECK(text->find("server 10.0.0.2:8080") > text->find("upstream auth-at-auth-0"));
}

TEST_CASE("variables of nginx hold no hyphen", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.service = "my-portal";

  CHECK(has(*written("nginx", balancer), "$my_portal_upstream"));
  CHECK(has(*written("nginx-sticky", balancer), "(?<my_portal_found>"));
}

TEST_CASE("a new nginx is told routes and which node to drain", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[2].drained = true;
  const auto text = written("nginx-sticky", balancer);

  REQUIRE(text.ok());
  CHECK(line_with(*text, "10.0.0.2") ==
        "server 10.0.0.2:8080 route=auth-1 max_fails=1 fail_timeout=2s;");
  CHECK(line_with(*text, "10.0.0.3") ==
        "server 10.0.0.3:8080 route=auth-10 drain max_fails=1 fail_timeout=2s;");
  CHECK(has(*text, "sticky route $auth_route;"));
}

TEST_CASE("nginx asks the owner before it lets requests pass to an application", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.forward_auth = ForwardAuth{{"10.0.0.9", 3000}, "/sso"};
  for (const std::string target : {"nginx", "nginx-sticky"}) {
    INFO(target);
    const auto text = written(target, balancer);

    REQUIRE(text.ok());
    CHECK(has(*text, "location /sso/ {"));
    CHECK(has(*text, target == "nginx" ? "proxy_pass http://$auth_upstream/verify/nginx;"
                                       : "proxy_pass http://auth/verify/nginx;"));
    CHECK(has(*text, "proxy_pass http://10.0.0.9:3000;"));
    CHECK(has(*text, "proxy_set_header Remote-User $auth_user;"));
    CHECK(has(*text, "proxy_set_header X-Token-Subject \"\";"));
    CHECK(has(*text, "error_page 500 =503"));
  }
}

}  // namespace
}  // namespace sojournctl
