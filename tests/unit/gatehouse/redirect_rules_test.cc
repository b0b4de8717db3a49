#include "gatehouse/portal/redirect_rules.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace gatehouse {
namespace {

using Match = RedirectRule::Match;

// trust login redirect uri domain exact app.example.com path prefix /in
// trust login redirect uri domain suffix example.org path /
const std::vector<RedirectRule> kRules = {{.domain_match = Match::kExact,
                                           .domain = "app.example.com",
                                           .path_match = Match::kPrefix,
                                           .path = "/in"},
                                          {.domain_match = Match::kSuffix,
                                           .domain = "example.org",
                                           .path_match = Match::kExact,
                                           .path = "/"}};

}  // namespace

TEST_CASE("a redirect goes only where a rule trusts", "[gatehouse][redirect]") {
  for (const char* text : {
           "https://app.example.com/in",
           "https://APP.example.com/in/side?a=b#c",
           "http://app.example.com:8443/in",
           "https://example.org/",
           "https://a.b.example.org/",
           "https://example.org",
           "https://example.org?next=https://evil.example/",
       }) {
    CAPTURE(text);
    CHECK(trusted_redirect(text, kRules));
  }
  for (const char* text : {
           "",
           "/in",
           "//app.example.com/in",
           "https://app.example.com/",
           "https://app.example.com/out",
           "https://sub.app.example.com/in",
           "https://evilexample.org/",
           "https://example.org.evil.example/",
           "https://example.org/page",
           "https://example.org@evil.example/",
           "https://evil.example/?example.org/",
           "https://evil.example#example.org/",
           "https://evil.example\\.example.org/",
           "https://app.example.com/in/../out",
           "https://app.example.com/in/%2e%2e/out",
           "javascript://example.org/%0aalert(1)",
           "ftp://example.org/",
           "https://example.org./",
           "https://example.org/\r\nSet-Cookie: a=b",
           "data:text/html,example.org",
       }) {
    CAPTURE(text);
    CHECK_FALSE(trusted_redirect(text, kRules));
  }
}

TEST_CASE("a redirect has the spelling that was checked", "[gatehouse][redirect]") {
  CHECK(trusted_redirect("HTTPS://EXAMPLE.org", kRules) == "https://example.org/");
}

TEST_CASE("without rules no redirect is trusted", "[gatehouse][redirect]") {
  CHECK_FALSE(trusted_redirect("https://example.org/", {}));
}

TEST_CASE("the portal's own pages may be come back to, and nothing that only looks like them",
          "[gatehouse][redirect]") {
  for (const char* text : {"/auth/sessions", "/auth/sessions?page=2", "/auth/admin?user=ana%40b",
                           "/auth/console", "/auth/whoami?"}) {
    CAPTURE(text);
    CHECK(own_page(text, "/auth") == text);
  }
  for (const char* text :
       {"", "/", "/auth", "/auth/", "/auth/logout", "/auth/login?redirect_url=/auth/sessions",
        "/auth/sessions/", "/auth//sessions", "/auth/sessions#top", "/auth/sessions?a b",
        "/auth/sessions?a\\b", "/auth/sessions?\r\nSet-Cookie: a=b", "/authsessions",
        "//evil.example/auth/sessions", "https://evil.example/auth/sessions", "/sessions"}) {
    CAPTURE(text);
    CHECK_FALSE(own_page(text, "/auth"));
  }
  CHECK_FALSE(own_page("/auth/sessions?" + std::string(2048, 'a'), "/auth"));
}

}  // namespace gatehouse
