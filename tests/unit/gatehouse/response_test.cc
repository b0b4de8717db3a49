#include "gatehouse/http/response.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

bool holds(const std::string& bytes, std::string_view text) {
  return bytes.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a response is written whole", "[gatehouse][http]") {
  const std::string bytes = Response::text(404, "gone\n").serialize(false, true, "today");

  CHECK(bytes ==
        "HTTP/1.1 404 Not Found\r\nDate: today\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 5\r\n"
        "Connection: keep-alive\r\n\r\ngone\n");
}

TEST_CASE("the answer to HEAD says the length of a body that it leaves out", "[gatehouse][http]") {
  const std::string bytes = Response::text(200, "body").serialize(true, false, "today");

  CHECK(holds(bytes, "Content-Length: 4\r\n"));
  CHECK(holds(bytes, "Connection: close\r\n"));
  CHECK(bytes.ends_with("\r\n\r\n"));
}

TEST_CASE("no value adds a header line", "[gatehouse][http]") {
  Response response(302);

  response.set("Location", std::string("/a\r\nSet-Cookie: b=c\0d", 21));

  CHECK(response.header("location") == "/a  Set-Cookie: b=c d");
  CHECK_FALSE(holds(response.serialize(false, true, ""), "\r\nSet-Cookie"));
}

TEST_CASE("setting a header replaces it and adding does not", "[gatehouse][http]") {
  Response response;
  response.set("X", "1").set("x", "2").add("Set-Cookie", "a").add("Set-Cookie", "b");

  const std::string bytes = response.serialize(false, true, "");

  CHECK(holds(bytes, "X: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"));
  CHECK_FALSE(holds(bytes, ": 1\r\n"));
}

TEST_CASE("the date is in HTTP's form", "[gatehouse][http]") {
  const std::string date = http_date();

  CHECK(date.size() == 29);
  CHECK(date.ends_with(" GMT"));
  CHECK(date[3] == ',');
}

}  // namespace gatehouse
