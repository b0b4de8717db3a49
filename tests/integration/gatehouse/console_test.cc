// Who may see the console, and for how long somebody may look on.

#include "gatehouse/console/console.h"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "integration/gatehouse/cluster.h"
#include "support/catch.h"

namespace gatehouse::test {
namespace {

// A browser's EventSource.
class Looker {
 public:
  Looker(const Browser& browser, int port, const std::string& header = "") : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)});
    asio::write(socket_, asio::buffer("GET /auth/console/events HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                                      header + "Cookie: " + kCookie + "=" +
                                      browser.cookies.at(kCookie) + "\r\n\r\n"));
  }

  // What comes up to that text, this included; or up to the end.
  std::string read_to(std::string_view text) {
    asio::error_code end;
    const std::size_t size = asio::read_until(socket_, asio::dynamic_buffer(received_), text, end);
    std::string read = received_.substr(0, end ? received_.size() : size);
    received_.erase(0, read.size());
    return read;
  }
  bool ends() {
    while (!read_to("\n\n").empty()) {
    }
    return true;
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
  std::string received_;
};

}  // namespace

TEST_CASE("only administrators see the console", "[gatehouse][console]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser nobody;
  Browser ana;
  Browser ada;
  REQUIRE(cluster.sign_in(ana, "ana", "open sesame"));
  REQUIRE(cluster.sign_in(ada, "ada", "xyzzy"));

  CHECK(nobody.get(port, "/auth/console").header("Location") ==
        "/auth/login?redirect_url=%2Fauth%2Fconsole");
  CHECK(nobody.get(port, "/auth/console/events").status == 401);
  const Answer refused = ana.get(port, "/auth/console");
  CHECK(refused.status == 403);
  CHECK(refused.has("This page is for administrators."));
  CHECK_FALSE(refused.has("auth-0"));
  CHECK(ana.get(port, "/auth/console/events").status == 403);
  CHECK_FALSE(ana.get(port, "/auth/portal").has("/auth/console"));

  const Answer console = ada.get(port, "/auth/console");
  CHECK(console.status == 200);
  CHECK(console.has("All members are here, and every segment has its copies."));
  CHECK(console.header("Content-Security-Policy").find("script-src 'self'") != std::string::npos);
  CHECK(console.header("Cache-Control") == "no-store");
  CHECK(ada.get(port, "/auth/portal").has("/auth/console"));
  CHECK(ada.get(port, "/auth/assets/console.js").header("Content-Type") ==
        "text/javascript; charset=utf-8");
}

TEST_CASE("only administrators end the sessions of others", "[gatehouse][console]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser ana;
  Browser ben;
  Browser ada;
  REQUIRE(cluster.sign_in(ana, "ana", "open sesame"));
  REQUIRE(cluster.sign_in(ben, "ben", "swordfish"));
  REQUIRE(cluster.sign_in(ada, "ada", "xyzzy"));
  const auto end_all_of_ben = [port](Browser& by) {
    const std::string token = by.get(port, "/auth/portal").csrf_token();
    return by.post(port, "/auth/admin", "action=all&user=ben&csrf_token=" + token).status;
  };

  CHECK(end_all_of_ben(ana) == 403);
  CHECK(ada.post(port, "/auth/admin", "action=all&user=ben").status == 403);
  CHECK(ben.get(port, "/auth/portal").status == 200);

  CHECK(end_all_of_ben(ada) == 303);
  CHECK(ben.get(port, "/auth/portal").status == 302);
}

TEST_CASE("whoever looks on gets every part, then what changes, until their session ends",
          "[gatehouse][console]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser ada;
  REQUIRE(cluster.sign_in(ada, "ada", "xyzzy"));
  const std::string token = ada.get(port, "/auth/portal").csrf_token();

  Looker looker(ada, port);
  const std::string head = looker.read_to("\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200 OK"));
  CHECK(head.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(head.find("X-Accel-Buffering: no\r\n") != std::string::npos);
  CHECK(looker.read_to("\n\n") == "retry: 1000\n\n");
  for (const char* part :
       {"verdict", "figures", "rings", "members", "transfers", "changes", "rates", "sticky"}) {
    CHECK(looker.read_to("\n\n").starts_with("event: " + std::string(part) + "\ndata: "));
  }
  Browser ben;
  REQUIRE(cluster.sign_in(ben, "ben", "swordfish"));
  CHECK_FALSE(looker.read_to("<dt>Sessions held here</dt><dd>2</dd>").empty());

  CHECK(ada.post(port, "/auth/logout", "csrf_token=" + token).status == 303);
  CHECK(looker.ends());
}

TEST_CASE("no other site looks on", "[gatehouse][console]") {
  Cluster cluster(1);
  Browser ada;
  REQUIRE(cluster.sign_in(ada, "ada", "xyzzy"));

  Looker other(ada, cluster.port(0), "Sec-Fetch-Site: cross-site\r\n");

  CHECK(other.read_to("\r\n").starts_with("HTTP/1.1 403 "));
}

TEST_CASE("so many look on at one server, and are sent away when it stops",
          "[gatehouse][console]") {
  Cluster cluster(1);
  const int port = cluster.port(0);
  Browser ada;
  REQUIRE(cluster.sign_in(ada, "ada", "xyzzy"));

  std::deque<Looker> lookers;
  for (std::size_t i = 0; i < Console::kWatchersMax; ++i) {
    CHECK(lookers.emplace_back(ada, port).read_to("\r\n").starts_with("HTTP/1.1 200 "));
  }
  CHECK(ada.get(port, "/auth/console/events").status == 503);

  // A place is free again soon after somebody has gone.
  lookers.pop_back();
  while (!Looker(ada, port).read_to("\r\n").starts_with("HTTP/1.1 200 ")) {
  }

  cluster.stop(0);
  for (Looker& looker : lookers) CHECK(looker.ends());
}

}  // namespace gatehouse::test
