#include "integration/gatehouse/cluster.h"
#include "support/catch.h"

namespace gatehouse::test {
namespace {

const Browser::Headers kPage = {{"Accept", "text/html"},
                                {"X-Forwarded-Method", "GET"},
                                {"X-Forwarded-Proto", "https"},
                                {"X-Forwarded-Host", "app.example.com"},
                                {"X-Forwarded-Uri", "/x?a=1&b=2"}};

}  // namespace

TEST_CASE("verify lets a signed-in user pass at any server, with all headers",
          "[gatehouse][verify]") {
  Cluster cluster(3);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));

  for (int i = 0; i < 3; ++i) {
    for (const char* path :
         {"/verify", "/verify/nginx", "/verify/dashboard", "/verify?mode=401&redirect_url=x"}) {
      const Answer answer =
          browser.get(cluster.port(i), path, {{"Remote-User", "root"}, {"Remote-Groups", "admin"}});
      CHECK(answer.status == 200);
      CHECK(answer.header("Remote-User") == "ana");
      CHECK(answer.header("Remote-Groups") == "user,dash");
      CHECK(answer.header("Remote-Email") == "ana@example.com");
      CHECK(answer.header("Remote-Name") == "Ana Mendes");
    }
  }
  CHECK(browser.send(cluster.port(0), "PURGE", "/verify", {}, "body").status == 200);
}

TEST_CASE("verify sends others to the portal or refuses them", "[gatehouse][verify]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser nobody;
  const std::string login =
      "https://auth.example.com/auth/"
      "login?redirect_url=https%3A%2F%2Fapp.example.com%2Fx%3Fa%3D1%26b%3D2";

  CHECK(nobody.get(port, "/verify", kPage).status == 302);
  CHECK(nobody.get(port, "/verify", kPage).header("Location") == login);
  CHECK(nobody.get(port, "/verify").status == 401);
  CHECK(nobody
            .get(port, "/verify/nginx",
                 {{"Accept", "text/html"}, {"X-Original-URL", "https://app.example.com/"}})
            .status == 401);
  CHECK(nobody
            .get(port, "/verify",
                 {{"Accept", "text/html"}, {"X-Forwarded-Host", "a b"}, {"X-Forwarded-Uri", "/"}})
            .status == 400);

  Browser ben;
  REQUIRE(cluster.sign_in(ben, "ben", "swordfish"));
  CHECK(ben.get(port, "/verify", kPage).status == 200);
  CHECK(ben.get(port, "/verify/dashboard", kPage).status == 403);
  CHECK(ben.get(port, "/verify/dashboard/nginx").status == 403);
}

TEST_CASE("verify does not take a login in progress for a session", "[gatehouse][verify]") {
  Cluster cluster(1);
  Browser browser;
  cluster.begin(browser, "ana");

  CHECK(browser.get(cluster.port(0), "/verify").status == 401);
}

}  // namespace gatehouse::test
