#include "gatehouse/http/url.h"

#include "support/catch.h"

namespace gatehouse {

TEST_CASE("a URL is taken apart and put together again", "[gatehouse][url]") {
  const auto url = Url::parse("HTTPS://App.Example.com:8443/a/b?c=d#e");

  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "app.example.com");
  CHECK(url->port == "8443");
  CHECK(url->path == "/a/b");
  CHECK(url->rest == "?c=d#e");
  CHECK(url->text() == "https://app.example.com:8443/a/b?c=d#e");
  CHECK(Url::parse("http://[::1]:80?x")->text() == "http://[::1]/?x");
  CHECK(Url::parse("http://h")->path == "/");
}

TEST_CASE("what a browser might read differently is no URL", "[gatehouse][url]") {
  for (const char* text : {
           "",
           "/path",
           "//host/path",
           "ftp://host/",
           "javascript:alert(1)",
           "http:/host",
           "http:///path",
           "http://",
           "http://user@host/",
           "http://good.example@evil.example/",
           "http://host\\@evil/",
           "http:\\\\host",
           "http://ho st/",
           "http://host/a b",
           "http://host/\n",
           "http://host\t/",
           "http://h\xc3\xb6st/",
           "http://host/\xc3\xb6",
           "http://ho%73t/",
           "http://.host/",
           "http://host./",
           "http://a..b/",
           "http://host:/",
           "http://host:80x/",
           "http://host:65536/",
           "http://host:123456/",
           "http://[::1/",
           "http://[::1]x/",
           "http://[nonsense]/",
           "http://host/../admin",
           "http://host/a/..",
           "http://host/%2e%2E/admin",
           "http://host/./a",
           " http://host/",
           "http://host,evil/",
       }) {
    CAPTURE(text);
    CHECK_FALSE(Url::parse(text));
  }
  CHECK_FALSE(Url::parse("http://host/" + std::string(5000, 'a')));
  CHECK_FALSE(Url::parse(std::string("http://host/\0x", 14)));
}

TEST_CASE("a Host header holds a host and perhaps a port", "[gatehouse][url]") {
  CHECK(is_host("example.com"));
  CHECK(is_host("127.0.0.1:8080"));
  CHECK(is_host("[::1]:80"));
  for (const char* text : {"", "a b", "a/b", "a@b", "a:b", "a:1:2", "a,b"}) {
    CAPTURE(text);
    CHECK_FALSE(is_host(text));
  }
}

}  // namespace gatehouse
