#include "gatehouse/http/forwarded.h"

#include "support/catch.h"
#include "unit/gatehouse/requests.h"

namespace gatehouse {
namespace {

using test::request_from;
using test::trusting;

}  // namespace

TEST_CASE("a range holds the addresses with its first bits", "[gatehouse][forwarded]") {
  const auto contains = [](const std::string& range, const std::string& address) {
    TrustedProxies trusted;
    REQUIRE(trusted.add(range));
    return trusted.contains(asio::ip::make_address(address));
  };

  CHECK(contains("10.0.0.0/8", "10.255.1.2"));
  CHECK_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  CHECK(contains("192.0.2.7", "192.0.2.7"));
  CHECK_FALSE(contains("192.0.2.7", "192.0.2.6"));
  CHECK(contains("0.0.0.0/0", "203.0.113.1"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
  CHECK(contains("private_ranges", "192.168.3.4"));
  CHECK(contains("private_ranges", "::1"));
  CHECK_FALSE(contains("private_ranges", "8.8.8.8"));
}

TEST_CASE("text that is no range is refused", "[gatehouse][forwarded]") {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8x", "example.com", "::1/129"}) {
    TrustedProxies trusted;
    CAPTURE(text);
    CHECK_FALSE(trusted.add(text));
  }
}

TEST_CASE("forwarded headers count only from trusted proxies", "[gatehouse][forwarded]") {
  const test::Headers headers = {{"Host", "auth:8080"},
                                 {"X-Forwarded-Host", "auth.example.com"},
                                 {"X-Forwarded-For", "203.0.113.9"}};
  const auto trusted = trusting({"10.0.0.0/8"});

  CHECK(original_host(request_from("10.1.1.1", headers), trusted) == "auth.example.com");
  CHECK(original_host(request_from("192.0.2.1", headers), trusted) == "auth:8080");
  CHECK(client_address(request_from("10.1.1.1", headers), trusted).to_string() == "203.0.113.9");
  CHECK(client_address(request_from("192.0.2.1", headers), trusted).to_string() == "192.0.2.1");
}

TEST_CASE("the client is the last address that no trusted proxy has", "[gatehouse][forwarded]") {
  const auto client_of = [](const test::Headers& headers) {
    return client_address(request_from("10.1.1.1", headers), trusting({"10.0.0.0/8"})).to_string();
  };

  CHECK(client_of({{"X-Forwarded-For", "1.2.3.4, 203.0.113.9, 10.2.2.2"}}) == "203.0.113.9");
  CHECK(client_of({{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-For", "203.0.113.9"}}) ==
        "203.0.113.9");
  CHECK(client_of({{"X-Forwarded-For", "10.3.3.3"}}) == "10.3.3.3");
  CHECK(client_of({{"X-Forwarded-For", "nonsense"}}) == "10.1.1.1");
  CHECK(client_of({}) == "10.1.1.1");
}

TEST_CASE("a request came by https if a trusted proxy says so", "[gatehouse][forwarded]") {
  const auto came = [](const std::string& peer, test::Headers headers) {
    return came_by_https(request_from(peer, std::move(headers)), trusting({"10.0.0.0/8"}));
  };

  CHECK(came("10.0.0.1", {{"X-Forwarded-Proto", "https"}}));
  CHECK(came("10.0.0.1", {{"X-Forwarded-Proto", "HTTPS"}}));
  CHECK_FALSE(came("10.0.0.1", {{"X-Forwarded-Proto", "http"}}));
  CHECK_FALSE(came("10.0.0.1", {}));
  CHECK_FALSE(came("192.0.2.1", {{"X-Forwarded-Proto", "https"}}));
}

TEST_CASE("only this machine and trusted proxies for themselves are internal",
          "[gatehouse][forwarded]") {
  const auto trusted = trusting({"10.0.0.0/8"});

  CHECK(is_internal(request_from("127.0.0.1", {}), trusted));
  CHECK(is_internal(request_from("10.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}}), trusted));
  CHECK_FALSE(is_internal(request_from("192.0.2.1", {}), trusted));
  CHECK_FALSE(
      is_internal(request_from("127.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}}), trusted));
  CHECK_FALSE(is_internal(request_from("127.0.0.1", {{"X-Forwarded-For", "nonsense"}}), trusted));
}

}  // namespace gatehouse
