#include <nlohmann/json.hpp>

#include "integration/gatehouse/cluster.h"
#include "support/catch.h"

namespace gatehouse::test {
namespace {

const Browser::Headers kJson = {{"Accept", "application/json"}};

}  // namespace

TEST_CASE("signing out ends the session on all servers at once", "[gatehouse][session]") {
  Cluster cluster(3);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  const auto cookies = browser.cookies;
  const std::string token = browser.get(cluster.port(0), "/auth/logout").csrf_token();

  CHECK(browser.get(cluster.port(1), "/auth/portal").status == 200);
  CHECK(browser.post(cluster.port(1), "/auth/logout", "csrf_token=" + token).header("Location") ==
        "/auth/login?reason=signed_out");

  CHECK(browser.cookies.empty());
  browser.cookies = cookies;
  for (int i = 0; i < 3; ++i)
    CHECK(browser.get(cluster.port(i), "/auth/whoami", kJson).status == 401);
}

TEST_CASE("nobody is signed out by a link or another site", "[gatehouse][session]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));

  CHECK(browser.get(port, "/auth/logout").status == 200);
  CHECK(browser.post(port, "/auth/logout", "").status == 403);
  CHECK(browser.post(port, "/auth/logout", "", {{"Sec-Fetch-Site", "cross-site"}}).status == 403);
  CHECK(browser.get(port, "/auth/portal").status == 200);
}

TEST_CASE("after signing out a browser goes only where that is trusted", "[gatehouse][session]") {
  Cluster cluster(1);
  const auto target_of = [&cluster](const std::string& wanted) {
    Browser browser;
    REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
    const std::string token = browser.get(cluster.port(0), "/auth/portal").csrf_token();
    return browser
        .post(cluster.port(0), "/auth/logout", "csrf_token=" + token + "&redirect_uri=" + wanted)
        .header("Location");
  };

  CHECK(target_of("https%3A%2F%2Fapp.example.com%2Fbye") == "https://app.example.com/bye");
  CHECK(target_of("https%3A%2F%2Fevil.example%2F") == "/auth/login?reason=signed_out");
}

TEST_CASE("the portal says who answered and who holds the session", "[gatehouse][session]") {
  Cluster cluster(2);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  const std::string owner =
      browser.cookies.at(kCookie).substr(browser.cookies.at(kCookie).find('.') + 1);

  for (int i = 0; i < 2; ++i) {
    const Answer page = browser.get(cluster.port(i), "/auth/portal");
    CHECK(page.has("<dt>Answered by</dt><dd>auth-" + std::to_string(i) + "</dd>"));
    CHECK(page.has("<dt>Held by</dt><dd>" + owner + "</dd>"));
  }
}

TEST_CASE("requests that follow the route cost no remote lookup", "[gatehouse][session]") {
  Cluster cluster(2);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  const std::string& cookie = browser.cookies.at(kCookie);
  const int owner = cookie.back() - '0';
  const auto remote = cluster.counter(owner, "/store/reads_remote_hit");
  const auto hits = cluster.counter(owner, "/sticky/hit");

  for (int i = 0; i < 5; ++i) browser.get(cluster.port(owner), "/auth/portal");

  CHECK(cluster.counter(owner, "/store/reads_remote_hit") == remote);
  CHECK(cluster.counter(owner, "/sticky/hit") == hits + 5);
}

TEST_CASE("a cookie with a stale route works and is replaced on pages only",
          "[gatehouse][session]") {
  Cluster cluster(2);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  const std::string right = browser.cookies.at(kCookie);
  for (const char* route : {"auth-9", "auth-0", "auth-1"}) {
    browser.cookies[kCookie] = right.substr(0, right.find('.') + 1) + route;
    const bool is_stale = browser.cookies[kCookie] != right;

    CHECK(browser.get(cluster.port(0), "/verify").header("Set-Cookie").empty());
    CHECK(browser.get(cluster.port(0), "/auth/portal").header("Set-Cookie").empty() != is_stale);
    CHECK(browser.cookies.at(kCookie) == right);
  }
}

TEST_CASE("a planted cookie does not hide the real one", "[gatehouse][session]") {
  Cluster cluster(2);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  Browser attacker;
  cluster.begin(attacker, "eve");
  const std::string cookie = std::string(kCookie) + "=";
  const std::string real = cookie + browser.cookies.at(kCookie);
  const std::string planted = cookie + attacker.cookies.at(kCookie);

  Browser bare;
  for (const std::string& header :
       {planted + "; " + real, real + "; " + planted, cookie + "junk; " + real}) {
    CHECK(bare.get(cluster.port(0), "/verify", {{"Cookie", header}}).status == 200);
  }
  CHECK(bare.get(cluster.port(0), "/verify", {{"Cookie", planted}, {"Cookie", real}}).status ==
        200);
}

TEST_CASE("cookies that were changed are no session", "[gatehouse][session]") {
  Cluster cluster(1);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));
  const std::string right = browser.cookies.at(kCookie);
  std::string changed = right;
  changed[5] = changed[5] == 'a' ? 'b' : 'a';

  for (const std::string& value : {changed, right.substr(1), "\"" + right + "\"", right + ".x",
                                   std::string("."), std::string()}) {
    browser.cookies[kCookie] = value;
    CAPTURE(value);
    CHECK(browser.get(cluster.port(0), "/auth/whoami", kJson).status == 401);
  }
}

TEST_CASE("a probe says how long the session lives without prolonging it", "[gatehouse][session]") {
  Cluster cluster(1);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));

  const auto json =
      nlohmann::json::parse(browser.get(cluster.port(0), "/auth/whoami?probe=true").body);

  CHECK(json["authenticated"] == true);
  CHECK(json["expires_in"] > 1700);
  CHECK(json["roles"] == nlohmann::json{"user", "dash"});
}

TEST_CASE("every page forbids caching, framing and scripts", "[gatehouse][session]") {
  Cluster cluster(1);
  Browser browser;
  REQUIRE(cluster.sign_in(browser, "ana", "open sesame"));

  for (const char* path : {"/auth/portal", "/auth/whoami", "/auth/logout", "/nothing"}) {
    const Answer answer = browser.get(cluster.port(0), path);
    CHECK(answer.header("Cache-Control") == "no-store");
    CHECK(answer.header("X-Content-Type-Options") == "nosniff");
    CHECK(answer.header("Content-Security-Policy").find("default-src 'none'") == 0);
  }
}

}  // namespace gatehouse::test
