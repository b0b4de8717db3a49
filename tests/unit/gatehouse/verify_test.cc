#include "gatehouse/verify/verify.h"

#include "support/catch.h"
#include "unit/gatehouse/requests.h"

namespace gatehouse {
namespace {

using test::Headers;
using test::request_from;
using test::trusting;

constexpr auto kForwardAuth = VerifyMode::kForwardAuth;
constexpr auto kAuthRequest = VerifyMode::kAuthRequest;

const PolicyConfig kPolicy = {
    .name = "p", .auth_url = "https://auth.example.com/auth", .allowed_roles = {"admin", "user"}};

const Headers kBrowser = {{"Accept", "text/html,*/*"},
                          {"X-Forwarded-Method", "GET"},
                          {"X-Forwarded-Proto", "https"},
                          {"X-Forwarded-Host", "app.example.com"},
                          {"X-Forwarded-Uri", "/x?a=1&b=2"}};

constexpr char kLogin[] =
    "https://auth.example.com/auth/"
    "login?redirect_url=https%3A%2F%2Fapp.example.com%2Fx%3Fa%3D1%26b%3D2";
constexpr char kPlainLogin[] = "https://auth.example.com/auth/login";

Headers with(Headers headers, std::string name, std::string value) {
  std::erase_if(headers, [&name](const auto& each) { return each.first == name; });
  headers.emplace_back(std::move(name), std::move(value));
  return headers;
}

absl::StatusOr<OriginalRequest> original(const Headers& headers, VerifyMode mode = kForwardAuth) {
  return original_request(request_from("10.0.0.1", headers), mode, trusting({"10.0.0.0/8"}));
}

Response unsigned_answer(const Headers& headers, VerifyMode mode = kForwardAuth) {
  return sign_in_answer(kPolicy, *original(headers, mode), mode);
}

}  // namespace

TEST_CASE("a browser that is not signed in is sent to the portal", "[gatehouse][verify]") {
  CHECK(unsigned_answer(kBrowser).status() == 302);
  CHECK(unsigned_answer(kBrowser).header("Location") == kLogin);
  CHECK(unsigned_answer(with(kBrowser, "X-Forwarded-Method", "HEAD")).status() == 302);
  CHECK(unsigned_answer(with(kBrowser, "X-Forwarded-Method", "POST")).status() == 303);
  CHECK(unsigned_answer(with(kBrowser, "Sec-Fetch-Mode", "navigate")).status() == 302);
}

TEST_CASE("a script that is not signed in gets 401 with the same location", "[gatehouse][verify]") {
  for (const Headers& headers :
       {with(kBrowser, "Accept", "application/json"),
        with(kBrowser, "X-Requested-With", "XMLHttpRequest"),
        with(kBrowser, "Sec-Fetch-Mode", "cors"), with(kBrowser, "Accept", "")}) {
    const Response response = unsigned_answer(headers);
    CHECK(response.status() == 401);
    CHECK(response.header("Location") == kLogin);
    CHECK_FALSE(response.header("WWW-Authenticate").empty());
  }
}

TEST_CASE("a policy can do without redirects", "[gatehouse][verify]") {
  PolicyConfig policy = kPolicy;
  policy.disable_auth_redirect = true;

  CHECK(sign_in_answer(policy, *original(kBrowser), kForwardAuth).status() == 401);
}

TEST_CASE("nginx always gets 401 for those who are not signed in", "[gatehouse][verify]") {
  const Headers headers = {{"Accept", "text/html"},
                           {"X-Original-URL", "https://app.example.com/x?a=1&b=2"}};

  const Response response = unsigned_answer(headers, kAuthRequest);

  CHECK(response.status() == 401);
  CHECK(response.header("Location") == kLogin);
}

TEST_CASE("nginx may say the original URL in parts", "[gatehouse][verify]") {
  const Headers headers = {{"X-Original-URI", "/x?a=1&b=2"},
                           {"X-Forwarded-Host", "app.example.com"},
                           {"X-Forwarded-Proto", "https"}};

  CHECK(unsigned_answer(headers, kAuthRequest).header("Location") == kLogin);
}

TEST_CASE("the headers of one mode mean nothing in the other", "[gatehouse][verify]") {
  const auto forged = with(kBrowser, "X-Original-URL", "https://evil.example/");

  CHECK(original(forged)->url->host == "app.example.com");
  CHECK_FALSE(original(kBrowser, kAuthRequest)->url);
}

TEST_CASE("the original URL is believed to trusted proxies only", "[gatehouse][verify]") {
  const auto request = request_from("192.0.2.1", kBrowser);

  const auto read = original_request(request, kForwardAuth, trusting({"10.0.0.0/8"}));

  REQUIRE(read.ok());
  CHECK_FALSE(read->url);
  CHECK(sign_in_answer(kPolicy, *read, kForwardAuth).header("Location") == kPlainLogin);
}

TEST_CASE("Host, Referer and query do not say the original URL", "[gatehouse][verify]") {
  Request request =
      request_from("10.0.0.1", {{"Host", "evil.example"}, {"Referer", "https://evil.example/"}});
  request.query = "redirect_url=https://evil.example/&mode=401";

  CHECK_FALSE(original_request(request, kForwardAuth, trusting({"10.0.0.0/8"}))->url);
}

TEST_CASE("a trusted proxy that passes on a bad host or scheme gets an error",
          "[gatehouse][verify]") {
  for (const auto& headers : {with(kBrowser, "X-Forwarded-Host", "evil.example/@app.example.com"),
                              with(kBrowser, "X-Forwarded-Host", "a b"),
                              with(kBrowser, "X-Forwarded-Host", "user@evil.example"),
                              with(kBrowser, "X-Forwarded-Proto", "javascript")}) {
    const auto read = original(headers);
    // A slash in the host makes another, well-formed URL, which the portal would not trust.
    if (read.ok())
      CHECK(read->url->host == "evil.example");
    else
      CHECK(absl::IsInvalidArgument(read.status()));
  }
}

TEST_CASE("an address that is too long or odd to return to is left out", "[gatehouse][verify]") {
  for (const auto& uri :
       {"/" + std::string(3000, 'a'), "/" + std::string(9000, 'a'), std::string("/a/../b")}) {
    CHECK(unsigned_answer(with(kBrowser, "X-Forwarded-Uri", uri)).header("Location") ==
          kPlainLogin);
  }
}

TEST_CASE("roles decide who may pass", "[gatehouse][verify]") {
  CHECK(is_allowed(kPolicy, {.user = "ana", .roles = {"other", "user"}}));
  CHECK_FALSE(is_allowed(kPolicy, {.user = "ana", .roles = {"users", "use"}}));
  CHECK_FALSE(is_allowed(kPolicy, {.user = "ana"}));
  CHECK(is_allowed({.name = "p", .allow_everybody = true}, {.user = "ana"}));
}

TEST_CASE("whoever is signed in but not allowed gets 403 and no redirect", "[gatehouse][verify]") {
  const Identity ana = {.user = "<ana>"};

  const Response page = forbidden_answer(kPolicy, *original(kBrowser), kForwardAuth, ana);
  const Response text =
      forbidden_answer(kPolicy, *original(kBrowser, kAuthRequest), kAuthRequest, ana);

  CHECK(page.status() == 403);
  CHECK(page.header("Location").empty());
  CHECK(page.body().find("&lt;ana&gt;") != std::string::npos);
  CHECK(page.body().find("https://auth.example.com/auth/assets/style.css") != std::string::npos);
  CHECK(page.header("Content-Security-Policy").find("style-src 'self' https://auth.example.com;") !=
        std::string_view::npos);
  CHECK(text.status() == 403);
  CHECK(text.header("Location").empty());
  CHECK(text.header("Content-Type").starts_with("text/plain"));
}

TEST_CASE("all identity headers are sent every time", "[gatehouse][verify]") {
  PolicyConfig policy = kPolicy;
  policy.inject_claims = true;
  policy.inject_auth_request = true;

  const std::string bytes = pass_answer(policy, {.user = "ana"}).serialize(false, true, "now");

  for (const char* name :
       {"Remote-User: ana", "Remote-Groups: ", "Remote-Email: ", "Remote-Name: ",
        "X-Auth-Request-User: ana", "X-Auth-Request-Groups: ", "X-Auth-Request-Email: ",
        "X-Auth-Request-Preferred-Username: ana", "X-Token-Subject: ana",
        "X-Token-User-Name: ", "X-Token-User-Email: ", "X-Token-User-Roles: "}) {
    CAPTURE(name);
    CHECK(bytes.find(std::string("\r\n") + name + "\r\n") != std::string::npos);
  }
}

TEST_CASE("the largest identity fits in 3 kB of headers", "[gatehouse][verify]") {
  PolicyConfig policy = kPolicy;
  policy.inject_claims = true;
  policy.inject_auth_request = true;
  const Identity largest = {.user = std::string(kUserNameBytesMax, 'u'),
                            .name = std::string(kFullNameBytesMax, 'n'),
                            .email = std::string(kEmailBytesMax, 'e'),
                            .roles = {std::string(kRolesBytesMax, 'r')}};

  CHECK(pass_answer(policy, largest).serialize(false, true, http_date()).size() < 3000);
}

TEST_CASE("groups are a list with commas", "[gatehouse][verify]") {
  CHECK(pass_answer(kPolicy, {.user = "ana", .roles = {"a", "b/c"}}).header("Remote-Groups") ==
        "a,b/c");
}

TEST_CASE("an answer that is not known is 503 and never 401", "[gatehouse][verify]") {
  CHECK(try_again_answer().status() == 503);
  CHECK_FALSE(try_again_answer().header("Retry-After").empty());
}

TEST_CASE("no answer of verify sets a cookie or may be kept", "[gatehouse][verify]") {
  for (const Response& response :
       {pass_answer(kPolicy, {.user = "ana"}), unsigned_answer(kBrowser), try_again_answer(),
        forbidden_answer(kPolicy, *original(kBrowser), kForwardAuth, {.user = "ana"})}) {
    const std::string bytes = response.serialize(false, true, "now");
    CHECK(bytes.find("Set-Cookie") == std::string::npos);
    CHECK(bytes.find("Cache-Control: no-store\r\n") != std::string::npos);
  }
}

}  // namespace gatehouse
