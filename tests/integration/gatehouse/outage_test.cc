#include "integration/gatehouse/cluster.h"
#include "support/catch.h"

namespace gatehouse::test {

TEST_CASE("a server whose cluster is not complete says try again and not signed out",
          "[gatehouse][outage]") {
  Cluster cluster(3, /*started=*/1);
  const int port = cluster.port(0);
  Browser browser;
  // Signed by the key of the configuration, so that the store has to be asked.
  {
    Cluster other(1);
    REQUIRE(other.sign_in(browser, "ana", "open sesame"));
  }

  CHECK(browser.get(port, "/healthz").status == 200);
  CHECK(browser.get(port, "/readyz").status == 503);
  CHECK_FALSE(browser.get(port, "/readyz").body.empty());
  for (const char* path :
       {"/auth/portal", "/auth/whoami", "/auth/password", "/verify", "/verify/nginx"}) {
    const Answer answer = browser.get(port, path, {{"Accept", "text/html"}});
    CAPTURE(path);
    CHECK(answer.status == 503);
    CHECK_FALSE(answer.header("Retry-After").empty());
    CHECK(answer.header("Set-Cookie").empty());
  }
  CHECK(browser.get(port, "/auth/portal").has("You have not been signed out."));
  CHECK(browser.get(port, "/auth/login").status == 200);
  CHECK(browser.post(port, "/auth/login", "username=ana").status == 503);
}

TEST_CASE("a server that is told to stop stops", "[gatehouse][outage]") {
  Cluster cluster(1);
  REQUIRE(Browser().get(cluster.port(0), "/healthz").status == 200);

  cluster.stop(0);

  CHECK_THROWS(Browser().get(cluster.port(0), "/healthz"));
}

}  // namespace gatehouse::test
