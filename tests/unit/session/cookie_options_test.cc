#include "session/cookie_options.h"

#include <map>
#include <string>
#include <utility>

#include "support/catch.h"
#include "unit/session/cookie_support.h"

namespace sojourn {
namespace {

using namespace cookie_test;

// The option that make() complains about; empty when it does not.
std::string refused_option(CookieOptions options) {
  const absl::StatusOr<CookieCodec> codec = CookieCodec::make(std::move(options));
  if (codec.ok()) return "";
  CHECK(codec.status().code() == absl::StatusCode::kInvalidArgument);
  const std::string message(codec.status().message());
  const std::string begin = "cookie option ";
  REQUIRE(message.starts_with(begin));
  return message.substr(begin.size(), message.find(':') - begin.size());
}

bool is_accepted(CookieOptions options) { return refused_option(std::move(options)).empty(); }

TEST_CASE("prefixes that a browser would not accept are refused", "[cookie]") {
  CHECK(refused_option({.name = "__Host-sid", .domain = "example.com"}) == "domain");
  CHECK(refused_option({.name = "__Host-sid", .path = "/auth"}) == "path");
  CHECK(refused_option({.name = "__Host-sid", .secure = false}) == "secure");
  CHECK(refused_option({.name = "__Secure-sid", .secure = false}) == "secure");
  CHECK(refused_option({.name = "__hOsT-sid", .domain = "example.com"}) == "domain");
  CHECK(refused_option({.name = "__host-sid", .path = "/auth"}) == "path");
  CHECK(refused_option({.name = "__HOST-sid", .secure = false}) == "secure");
  CHECK(refused_option({.name = "__SECURE-sid", .secure = false}) == "secure");

  CHECK(is_accepted({.name = "__Secure-sid", .domain = "example.com", .path = "/auth"}));
  CHECK(is_accepted({.name = "_Host-sid", .domain = "example.com", .secure = false}));
  CHECK(is_accepted({.name = "__Host", .path = "/auth", .secure = false}));
}

TEST_CASE("SameSite=None needs Secure", "[cookie]") {
  CHECK(refused_option({.name = "sid", .same_site = SameSite::kNone, .secure = false}) ==
        "same_site");
  CHECK(is_accepted({.name = "sid", .same_site = SameSite::kNone}));
}

TEST_CASE("a cookie's name is a token of at most 64 characters", "[cookie]") {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a=b"), std::string("a;b"),
        std::string("a,b"), std::string("\"a\""), std::string("a/b"), std::string("a\tb"),
        std::string("a\r\nb"), std::string("a\0b", 3), std::string("\xc3\xa9"),
        std::string(65, 'a')}) {
    CHECK(refused_option({.name = name}) == "name");
  }
  for (const std::string& name : {std::string("a"), std::string("!#$%&'*+-.^_`|~"),
                                  std::string("JSESSIONID"), std::string(64, 'a')}) {
    CHECK(is_accepted({.name = name}));
  }
}

TEST_CASE("a cookie's domain is a host name without a leading dot", "[cookie]") {
  for (const std::string& domain :
       {std::string(".example.com"), std::string("example.com."), std::string("example..com"),
        std::string("."), std::string("-a.com"), std::string("a-.com"), std::string("a_b.com"),
        std::string("a b.com"), std::string("example.com; Path=/"), std::string("example.com:80"),
        std::string("a\r\nb"),
        std::string("b\xc3\xbc"
                    "cher.de"),
        std::string(64, 'a') + ".com", std::string("a.") + std::string(300, 'b')}) {
    CHECK(refused_option({.name = "sid", .domain = domain}) == "domain");
  }
  for (const std::string domain :
       {"example.com", "localhost", "xn--bcher-kva.de", "A.Example.COM", "10.0.0.1"}) {
    CHECK(is_accepted({.name = "sid", .domain = domain}));
  }
}

TEST_CASE("a cookie's domain has at most 253 characters", "[cookie]") {
  std::string domain = "a";
  while (domain.size() < 253) domain += ".a";

  CHECK(is_accepted({.name = "sid", .domain = domain}));
  CHECK(refused_option({.name = "sid", .domain = domain + ".a"}) == "domain");
}

TEST_CASE("a cookie's path starts with a slash and cannot hold other attributes", "[cookie]") {
  for (const std::string& path :
       {std::string(), std::string("auth"), std::string("/a;b"), std::string("/a; Domain=x"),
        std::string("/a\r\nSet-Cookie: x"), std::string("/a b"), std::string("/a\x7f"),
        std::string("/\xc3\xa9"), std::string("/\0", 2), "/" + std::string(1024, 'a')}) {
    CHECK(refused_option({.name = "sid", .path = path}) == "path");
  }
  for (const std::string path : {"/", "/auth", "/auth/", "/a%20b"}) {
    CHECK(is_accepted({.name = "sid", .path = path}));
  }
}

TEST_CASE("Max-Age is between one second and 400 days", "[cookie]") {
  CHECK(refused_option({.max_age = std::chrono::seconds(0)}) == "max_age");
  CHECK(refused_option({.max_age = std::chrono::seconds(-1)}) == "max_age");
  CHECK(refused_option({.max_age = std::chrono::hours(400 * 24) + std::chrono::seconds(1)}) ==
        "max_age");
  CHECK(is_accepted({.max_age = std::chrono::seconds(1)}));
  CHECK(is_accepted({.max_age = std::chrono::hours(400 * 24)}));
}

TEST_CASE("keys have ids of their own and secrets of at least 32 bytes", "[cookie]") {
  CHECK(refused_option({.keys = {key('.')}}) == "keys");
  CHECK(refused_option({.keys = {key('\0')}}) == "keys");
  CHECK(refused_option({.keys = {key('a'), key('b'), key('a')}}) == "keys");
  CHECK(refused_option({.keys = {{.id = 'a', .secret = std::string(31, 's')}}}) == "keys");
  CHECK(refused_option({.keys = {key('a'), {.id = 'b'}}}) == "keys");

  CHECK(is_accepted({.keys = {key('a'), key('A'), key('-'), key('_'), key('0')}}));
  CHECK(is_accepted({.keys = {{.id = 'a', .secret = std::string(32, 's')}}}));
}

TEST_CASE("what is said about a bad key does not hold its secret", "[cookie]") {
  const auto codec = CookieCodec::make({.keys = {{.id = 'a', .secret = "hunter2"}}});

  CHECK(std::string(codec.status().message()).find("hunter2") == std::string::npos);
}

TEST_CASE("aliases are member names, each for one member", "[cookie]") {
  using Alias = std::map<std::string, std::string>;
  for (const Alias& alias :
       {Alias{{"a", "x"}, {"b", "x"}}, Alias{{"a", ""}}, Alias{{"", "x"}}, Alias{{"a", "X"}},
        Alias{{"a", "x.y"}}, Alias{{"a", "x;y"}}, Alias{{"a", "-x"}}, Alias{{"a", "x-"}},
        Alias{{"A", "x"}}, Alias{{"a", std::string(33, 'x')}}}) {
    CHECK(refused_option({.route_alias = alias}) == "route_alias");
  }
  CHECK(is_accepted({.route_alias = {{"a", "x"}, {"b", "y"}, {"c", "c"}}}));
}

}  // namespace
}  // namespace sojourn
