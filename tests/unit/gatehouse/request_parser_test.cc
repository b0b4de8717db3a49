#include "gatehouse/http/request_parser.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

using State = RequestParser::State;

constexpr char kGet[] = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n";

// What becomes of text that arrives at once: 0 for "more", 200 for a request, otherwise the status.
int status_of(const std::string& text) {
  RequestParser parser;
  switch (parser.append(text)) {
    case State::kMore:
      return 0;
    case State::kContinue:
      return 100;
    case State::kDone:
      return 200;
    case State::kRefused:
      return parser.status();
  }
  return -1;
}

}  // namespace

TEST_CASE("a request is read whole", "[gatehouse][http]") {
  RequestParser parser;
  REQUIRE(parser.append("POST /a?b=c&d HTTP/1.1\r\nHost: h\r\nCookie: a\r\ncookie: "
                        "b\r\nContent-Length: 4\r\n\r\nbody") == State::kDone);

  const Request request = parser.take();

  CHECK(request.method == "POST");
  CHECK(request.path == "/a");
  CHECK(request.query == "b=c&d");
  CHECK(request.header("HOST") == "h");
  CHECK(request.headers_named("Cookie") == std::vector<std::string_view>{"a", "b"});
  CHECK(request.body == "body");
  CHECK(request.keep_alive);
  CHECK(parser.is_idle());
}

TEST_CASE("a request may come byte by byte", "[gatehouse][http]") {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  RequestParser parser;

  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    REQUIRE(parser.append(text.substr(i, 1)) == State::kMore);

  REQUIRE(parser.append(text.substr(text.size() - 1)) == State::kDone);
  CHECK(parser.take().body == "abcde");
}

TEST_CASE("requests sent ahead are read one after the other", "[gatehouse][http]") {
  RequestParser parser;
  REQUIRE(parser.append(std::string(kGet) +
                        "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /3") ==
          State::kDone);

  CHECK(parser.take().path == "/a");
  REQUIRE(parser.append("") == State::kDone);
  CHECK(parser.take().body == "ok");
  CHECK(parser.append("") == State::kMore);
  CHECK_FALSE(parser.is_idle());
  REQUIRE(parser.append(" HTTP/1.0\r\n\r\n") == State::kDone);
  CHECK_FALSE(parser.take().keep_alive);
}

TEST_CASE("line breaks between requests are skipped", "[gatehouse][http]") {
  CHECK(status_of("\r\n\r\n" + std::string(kGet)) == 200);
  CHECK(status_of("\r\n\r\n") == 0);
}

TEST_CASE("a target with scheme and host is reduced to its path", "[gatehouse][http]") {
  RequestParser parser;
  REQUIRE(parser.append("GET http://evil.example/a?b HTTP/1.1\r\nHost: h\r\n\r\n") == State::kDone);

  const Request request = parser.take();

  CHECK(request.path == "/a");
  CHECK(request.header("Host") == "h");
}

TEST_CASE("a client that waits for it is told to continue once", "[gatehouse][http]") {
  RequestParser parser;

  CHECK(parser.append(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") ==
        State::kContinue);
  CHECK(parser.append("o") == State::kMore);
  CHECK(parser.append("k") == State::kDone);
}

TEST_CASE("what is not HTTP is refused", "[gatehouse][http]") {
  for (const char* text : {
           "\x16\x03\x01\x02 TLS hello\r\n\r\n",
           "GET\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",                          // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",    // two
           "GET a HTTP/1.1\r\nHost: h\r\n\r\n",               // no path
           "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",        //
           "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",           //
           "GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n",     // blank in a name
           "GET / HTTP/1.1\r\nHost : h\r\n\r\n",              // blank before the colon
           "GET / HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n",  // control character
           "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",           //
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           // Two lengths are how requests are smuggled past proxies.
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: "
           "5\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
       }) {
    CAPTURE(text);
    CHECK(status_of(text) == 400);
  }
  CHECK(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 505);
}

TEST_CASE("a body whose end cannot be told is refused", "[gatehouse][http]") {
  // For a request this means: until the connection ends, which the client cannot do and still read.
  CHECK(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc") != 200);
}

TEST_CASE("headers and bodies beyond their limits are refused early", "[gatehouse][http]") {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  CHECK(status_of(start + "X: " + std::string(15000, 'a') + "\r\n\r\n") == 200);
  CHECK(status_of(start + "X: " + std::string(17000, 'a') + "\r\n\r\n") == 431);
  CHECK(status_of(start + "X: " + std::string(17000, 'a')) == 431);
  CHECK(status_of("GET /" + std::string(17000, 'a')) == 431);

  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string body(64 * 1024, 'a');
  CHECK(status_of(post + "Content-Length: 65536\r\n\r\n" + body) == 200);
  CHECK(status_of(post + "Content-Length: 65537\r\n\r\n") == 413);
  CHECK(status_of(post + "Content-Length: 99999999999999999999\r\n\r\n") == 400);
  CHECK(status_of(post + "Transfer-Encoding: chunked\r\n\r\n8000\r\n" + body.substr(0, 0x8000) +
                  "\r\n8001\r\n") == 413);
  CHECK(status_of(post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(20000, 'x')) == 431);
}

}  // namespace gatehouse
