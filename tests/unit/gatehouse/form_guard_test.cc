#include "gatehouse/portal/form_guard.h"

#include "support/catch.h"
#include "unit/gatehouse/requests.h"

namespace gatehouse {
namespace {

bool is_own(const test::Headers& headers) {
  return comes_from_own_page(test::request_from("10.0.0.1", headers),
                             test::trusting({"10.0.0.0/8"}));
}

}  // namespace

TEST_CASE("forms from other sites are told by what the browser says", "[gatehouse][csrf]") {
  CHECK(is_own({{"Host", "auth.example.com"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK(is_own({{"Host", "auth.example.com"}, {"Sec-Fetch-Site", "none"}}));
  CHECK_FALSE(is_own({{"Host", "auth.example.com"}, {"Sec-Fetch-Site", "cross-site"}}));
  CHECK_FALSE(is_own({{"Host", "auth.example.com"}, {"Sec-Fetch-Site", "same-site"}}));
  // What a page cannot forge wins over what an old browser would say.
  CHECK_FALSE(is_own(
      {{"Host", "a.example"}, {"Origin", "https://a.example"}, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST_CASE("older browsers say at least the origin", "[gatehouse][csrf]") {
  CHECK(is_own({{"Host", "auth.example.com"}, {"Origin", "https://auth.example.com"}}));
  CHECK(is_own({{"Host", "127.0.0.1:8080"}, {"Origin", "http://127.0.0.1:8080"}}));
  CHECK_FALSE(is_own({{"Host", "127.0.0.1:8080"}, {"Origin", "http://127.0.0.1:9090"}}));
  CHECK_FALSE(is_own({{"Host", "auth.example.com"}, {"Origin", "https://evil.example"}}));
  CHECK_FALSE(is_own({{"Host", "auth.example.com"}, {"Origin", "https://sub.auth.example.com"}}));
  CHECK_FALSE(is_own({{"Host", "auth.example.com"}, {"Origin", "null"}}));
  CHECK_FALSE(is_own({{"Host", "not a host"}, {"Origin", "null"}}));
}

TEST_CASE("behind a proxy the host is the one the browser asked for", "[gatehouse][csrf]") {
  CHECK(is_own({{"Host", "10.0.0.2:8080"},
                {"X-Forwarded-Host", "auth.example.com"},
                {"Origin", "https://auth.example.com"}}));
}

TEST_CASE("clients that are no browsers may send forms", "[gatehouse][csrf]") {
  CHECK(is_own({{"Host", "auth.example.com"}}));
}

TEST_CASE("tokens differ every time", "[gatehouse][csrf]") {
  CHECK(new_csrf_token().size() == 32);
  CHECK(new_csrf_token() != new_csrf_token());
}

TEST_CASE("only a declared JSON body counts as one", "[gatehouse][csrf]") {
  const auto is_json = [](const std::string& type) {
    return has_json_body(test::request_from("10.0.0.1", {{"Content-Type", type}}));
  };
  CHECK(is_json("application/json"));
  CHECK(is_json("Application/JSON; charset=utf-8"));
  CHECK_FALSE(is_json("text/plain"));
  CHECK_FALSE(is_json("text/plain; application/json"));
  CHECK_FALSE(is_json("application/jsonp"));
}

}  // namespace gatehouse
