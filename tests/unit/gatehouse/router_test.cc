#include "gatehouse/router.h"

#include <asio/io_context.hpp>
#include <memory>

#include "support/catch.h"
#include "unit/gatehouse/requests.h"

namespace gatehouse {
namespace {

Handler says(const std::string& text) {
  return [text](const ExchangePtr& exchange) { exchange->answer(Response::text(200, text)); };
}

Response ask(const Router& router, const std::string& method, const std::string& path) {
  asio::io_context io;
  Request request = test::request_from("127.0.0.1", {});
  request.method = method;
  request.path = path;
  Response answer(0);
  router.handle(std::make_shared<Exchange>(
      request, io.get_executor(), [&answer](Response response) { answer = std::move(response); }));
  return answer;
}

}  // namespace

TEST_CASE("requests find their handler by path and method", "[gatehouse][router]") {
  Router router;
  router.add("GET", "/a", says("get"));
  router.add("POST", "/a", says("post"));
  router.add("*", "/any", says("any"));

  CHECK(ask(router, "GET", "/a").body() == "get");
  CHECK(ask(router, "HEAD", "/a").body() == "get");
  CHECK(ask(router, "POST", "/a").body() == "post");
  CHECK(ask(router, "GET", "/any").body() == "any");
  CHECK(ask(router, "PROPFIND", "/any").body() == "any");
}

TEST_CASE("an unknown path is 404 and an unknown method 405", "[gatehouse][router]") {
  Router router;
  router.add("GET", "/a", says("get"));
  router.add("POST", "/a", says("post"));

  for (const char* path : {"/", "/a/", "/A", "/a/b", "/%61", "//a"})
    CHECK(ask(router, "GET", path).status() == 404);
  CHECK(ask(router, "DELETE", "/a").status() == 405);
  CHECK(ask(router, "DELETE", "/a").header("Allow") == "GET, HEAD, POST");
  CHECK(ask(router, "*", "/a").status() == 405);
}

TEST_CASE("an exchange that nobody answers answers itself", "[gatehouse][router]") {
  Router router;
  router.add("GET", "/a", [](const ExchangePtr&) {});

  CHECK(ask(router, "GET", "/a").status() == 500);
}

}  // namespace gatehouse
