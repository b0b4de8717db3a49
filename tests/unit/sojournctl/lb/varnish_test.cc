#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("Varnish stores nothing and reads all lines of the cookie header", "[sojournctl]") {
  const auto text = written("varnish", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text, "std.collect(req.http.Cookie, \"; \");"));
  CHECK(has(*text, "return (pass);"));
  CHECK(has(*text, R"(regsub(cookie.get("__Host-sid"), "^.*\.", ""))"));
}

TEST_CASE("Varnish compares the whole name and falls back to the others", "[sojournctl]") {
  const auto text = written("varnish", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text,
            "if (req.http.X-Sojourn-Route == \"auth-1\") {\n"
            "        set req.backend_hint = at_auth-1.backend();"));
  CHECK(has(*text,
            "at_auth-1.add_backend(node_auth-1);\n"
            "    at_auth-1.add_backend(instead_auth-1.backend());"));
  CHECK(has(*text,
            "instead_auth-1.add_backend(node_auth-0);\n"
            "    instead_auth-1.add_backend(node_auth-10);"));
}

TEST_CASE("Varnish removes a route that a client has written and that is nobody's",
          "[sojournctl]") {
  const auto text = written("varnish", three_nodes());

  REQUIRE(text.ok());
  CHECK(has(*text,
            "unset req.http.X-Sojourn-Route;\n"
            "        set req.backend_hint = anywhere.backend();"));
}

TEST_CASE("Varnish sends only requests again that change nothing", "[sojournctl]") {
  const auto text = written("varnish", three_nodes());

  REQUIRE(text.ok());
  CHECK(line_with(*text, "bereq.retries == 0") ==
        "if (bereq.retries == 0 && (bereq.method == \"GET\" || bereq.method == \"HEAD\")) {");
}

TEST_CASE("a single node has nobody instead of it", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes.resize(1);
  const auto text = written("varnish", balancer);

  REQUIRE(text.ok());
  CHECK_FALSE(has(*text, "instead_"));
  CHECK(has(*text, "set bereq.backend = at_auth-0.backend();"));
}

TEST_CASE("Varnish sends nobody new to a drained node", "[sojournctl]") {
  Balancer balancer = three_nodes();
  balancer.cluster.nodes[1].drained = true;
  const auto text = written("varnish", balancer);

  REQUIRE(text.ok());
  CHECK_FALSE(has(*text, "anywhere.add_backend(node_auth-1)"));
  CHECK_FALSE(has(*text, "instead_auth-0.add_backend(node_auth-1)"));
  CHECK(has(*text, "at_auth-1.add_backend(node_auth-1)"));
}

}  // namespace
}  // namespace sojournctl
