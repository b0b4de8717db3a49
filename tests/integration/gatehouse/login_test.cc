#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "integration/gatehouse/cluster.h"
#include "support/catch.h"

namespace gatehouse::test {

TEST_CASE("a login succeeds though every request reaches another server", "[gatehouse][login]") {
  Cluster cluster(3);
  Browser browser;

  CHECK(cluster.sign_in(browser, "ana", "open sesame"));

  for (int i = 0; i < 3; ++i) {
    const Answer answer =
        browser.get(cluster.port(i), "/auth/whoami", {{"Accept", "application/json"}});
    CHECK(nlohmann::json::parse(answer.body)["sub"] == "ana");
  }
}

TEST_CASE("a user may sign in by email address in any case", "[gatehouse][login]") {
  Cluster cluster(1);
  Browser browser;

  CHECK(cluster.sign_in(browser, "ANA@Example.com", "open sesame"));
}

TEST_CASE("signing in gives the session a new id and the old one is dead everywhere",
          "[gatehouse][login]") {
  Cluster cluster(2);
  Browser browser;
  Browser thief;
  const std::string token = cluster.begin(browser, "ana");
  thief.cookies = browser.cookies;

  browser.post(cluster.port(0), "/auth/password", "password=open+sesame&csrf_token=" + token);

  REQUIRE(browser.cookies.at(kCookie) != thief.cookies.at(kCookie));
  // The owner stays, so that the balancer need not learn anything.
  const auto route = [](const std::string& cookie) { return cookie.substr(cookie.find('.')); };
  CHECK(route(browser.cookies.at(kCookie)) == route(thief.cookies.at(kCookie)));
  for (int i = 0; i < 2; ++i) {
    CHECK(thief.get(cluster.port(i), "/auth/whoami", {{"Accept", "application/json"}}).status ==
          401);
    CHECK(thief.get(cluster.port(i), "/auth/password").header("Location") ==
          "/auth/login?reason=expired");
  }
}

TEST_CASE("an id that no server issued is never adopted", "[gatehouse][login]") {
  Cluster cluster(1);
  Browser browser;
  browser.cookies[kCookie] = std::string(55, 'a') + ".auth-0";

  browser.post(cluster.port(0), "/auth/login", "username=ana");

  CHECK(browser.cookies.at(kCookie).find("aaaa") == std::string::npos);
}

TEST_CASE("five wrong passwords end a login", "[gatehouse][login]") {
  Cluster cluster(2);
  Browser browser;
  const std::string token = cluster.begin(browser, "ana");
  const auto try_password = [&](int i, const std::string& password) {
    return browser.post(cluster.port(i % 2), "/auth/password",
                        "csrf_token=" + token + "&password=" + password);
  };

  for (int i = 0; i < 4; ++i) {
    const Answer answer = try_password(i, "wrong");
    CHECK(answer.status == 401);
    CHECK(answer.has("aria-describedby=\"password-error\""));
  }
  const auto cookie = browser.cookies;
  CHECK(try_password(4, "wrong").header("Location") == "/auth/login?reason=ended");
  CHECK(browser.cookies.empty());

  browser.cookies = cookie;
  CHECK(try_password(5, "open+sesame").header("Location") == "/auth/login?reason=expired");
}

TEST_CASE("many servers at once grant no more than five attempts", "[gatehouse][login]") {
  Cluster cluster(3);
  Browser browser;
  const std::string token = cluster.begin(browser, "ana");

  std::vector<std::jthread> threads;
  for (int i = 0; i < 24; ++i) {
    threads.emplace_back([&, i, mine = browser]() mutable {
      mine.post(cluster.port(i % 3), "/auth/password", "csrf_token=" + token + "&password=wrong");
    });
  }
  threads.clear();

  std::int64_t checked = 0;
  for (int i = 0; i < 3; ++i) checked += cluster.counter(i, "/logins/passwords_wrong");
  CHECK(checked <= 5);
  CHECK(
      browser
          .post(cluster.port(0), "/auth/password", "csrf_token=" + token + "&password=open+sesame")
          .header("Location") == "/auth/login?reason=expired");
}

TEST_CASE("an unknown user is not told from a wrong password", "[gatehouse][login]") {
  Cluster cluster(1);
  const auto answer_for = [&cluster](const std::string& user) {
    Browser browser;
    const std::string token = cluster.begin(browser, user);
    Answer answer =
        browser.post(cluster.port(0), "/auth/password", "password=wrong&csrf_token=" + token);
    return std::to_string(answer.status) + std::to_string(answer.has("do not match"));
  };

  CHECK(answer_for("ana") == "4011");
  CHECK(answer_for("nobody") == "4011");
}

TEST_CASE("forms without their token or from other sites are refused", "[gatehouse][login]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser browser;
  CHECK(browser.post(port, "/auth/login", "username=ana", {{"Sec-Fetch-Site", "cross-site"}})
            .status == 403);
  CHECK(browser.cookies.empty());
  const std::string token = cluster.begin(browser, "ana");
  const std::string sound = "password=open+sesame&csrf_token=" + token;

  CHECK(browser.post(port, "/auth/password", "password=open+sesame").status == 403);
  CHECK(browser.post(port, "/auth/password", "password=open+sesame&csrf_token=x").status == 403);
  CHECK(browser.post(port, "/auth/password", sound, {{"Origin", "https://evil.example"}}).status ==
        403);
  CHECK(browser.post(port, "/auth/password", sound, {{"Origin", "http://127.0.0.1"}}).status ==
        303);
}

TEST_CASE("after signing in a browser goes where it wanted, if that is trusted",
          "[gatehouse][login]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  const auto target_of = [&](const std::string& wanted) {
    Browser browser;
    CHECK(browser.get(port, "/auth/login?redirect_url=" + wanted).status == 200);
    browser.post(port, "/auth/login", "username=ana&redirect_url=" + wanted);
    const std::string token = browser.get(port, "/auth/password").csrf_token();
    return browser.post(port, "/auth/password", "password=open+sesame&csrf_token=" + token)
        .header("Location");
  };

  CHECK(target_of("https%3A%2F%2Fapp.example.com%2Fx%3Fa%3D1%26b%3D2") ==
        "https://app.example.com/x?a=1&b=2");
  CHECK(target_of("https%3A%2F%2Fevil.example%2F") == "/auth/portal");
  CHECK(target_of("%2F%2Fevil.example%2F") == "/auth/portal");
}

TEST_CASE("a form with an empty field comes back with an error", "[gatehouse][login]") {
  Cluster cluster(1);
  Browser browser;
  const Answer no_name = browser.post(cluster.port(0), "/auth/login", "username=");
  CHECK(no_name.status == 400);
  CHECK(no_name.has("Enter your user name."));

  const std::string token = cluster.begin(browser, "ana");
  CHECK(browser.post(cluster.port(0), "/auth/password", "password=&csrf_token=" + token)
            .has("Enter your password."));
}

TEST_CASE("a client without cookies signs in by JSON at any server", "[gatehouse][login]") {
  Cluster cluster(3);
  Browser client;
  const auto ask = [&](int i, const nlohmann::json& body) {
    Answer answer = client.send(cluster.port(i), "POST", "/auth/login",
                                {{"Content-Type", "application/json"}}, body.dump());
    auto json = nlohmann::json::parse(answer.body);
    json["status"] = answer.status;
    return json;
  };

  const auto begun = ask(0, {{"username", "ana"}, {"realm", "local"}});
  REQUIRE(begun["next_challenge"] == "password");
  nlohmann::json challenge = {{"sandbox_id", begun["sandbox_id"]},
                              {"sandbox_secret", begun["sandbox_secret"]},
                              {"challenge_kind", "password"},
                              {"challenge_response", "wrong"}};
  CHECK(ask(1, challenge)["status"] == 401);
  challenge["challenge_response"] = "open sesame";
  const auto done = ask(2, challenge);

  CHECK(done["authenticated"] == true);
  CHECK(client.cookies.empty());
  client.cookies[done["cookie_name"]] = done["session"];
  CHECK(client.get(cluster.port(0), "/verify").status == 200);
  CHECK(ask(1, challenge)["status"] == 401);
}

TEST_CASE("odd JSON is refused", "[gatehouse][login]") {
  Cluster cluster(1);
  for (const char* body : {"", "{", "[]", "5", "{}", "{\"username\": 5}", "{\"username\": \"\"}",
                           "{\"sandbox_id\": \"x\"}", "{\"sandbox_id\": 5}"}) {
    CAPTURE(body);
    const int status = Browser()
                           .send(cluster.port(0), "POST", "/auth/login",
                                 {{"Content-Type", "application/json"}}, body)
                           .status;
    CHECK((status == 400 || status == 401));
  }
}

}  // namespace gatehouse::test
