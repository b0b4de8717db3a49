#include "gatehouse/http/connection.h"

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/strand.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "gatehouse/http/server.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

// A server with one thread that answers every request with its path and body.
class Running {
 public:
  explicit Running(ServerOptions options = {}, Handler handler = &Running::echo)
      : server_(*Server::listen(io_.get_executor(), {"127.0.0.1:0"}, options, std::move(handler))) {
    server_.start();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Running() { stop(); }

  void stop(milliseconds grace = milliseconds(0)) {
    server_.stop(grace, [] {});
    if (thread_.joinable()) thread_.join();
  }
  asio::io_context& io() { return io_; }
  Server& server() { return server_; }

  tcp::socket connect() {
    tcp::socket socket(client_io_);
    socket.connect(server_.endpoints().front());
    return socket;
  }

  // Sends the bytes and returns all that comes until the server closes.
  std::string ask(const std::string& bytes) {
    tcp::socket socket = connect();
    asio::write(socket, asio::buffer(bytes));
    return rest_of(socket);
  }

  static std::string rest_of(tcp::socket& socket) {
    std::string answer;
    asio::error_code end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    return answer;
  }

  static void echo(const ExchangePtr& exchange) {
    const Request& request = exchange->request();
    exchange->answer(Response::text(200, request.method + " " + request.path + " " + request.body));
  }

 private:
  asio::io_context io_;
  asio::io_context client_io_;
  Server server_;
  std::jthread thread_;
};

std::string get(const std::string& path, bool last = false) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + (last ? "Connection: close\r\n" : "") +
         "\r\n";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
    ++times;
  return times;
}

// Until the socket has the text, or the other side closes.
std::string read_until(tcp::socket& socket, const std::string& text) {
  std::string answer;
  asio::error_code error;
  while (!error && answer.find(text) == std::string::npos) {
    char buffer[1024];
    const std::size_t size = socket.read_some(asio::buffer(buffer), error);
    answer.append(buffer, size);
  }
  return answer;
}

}  // namespace

TEST_CASE("a connection answers request after request, in order", "[gatehouse][http]") {
  Running server;

  const std::string answer = server.ask(get("/1") + get("/2") + "\r\n" + get("/3", true));

  CHECK(count(answer, "HTTP/1.1 200 OK") == 3);
  CHECK(answer.find("GET /1") < answer.find("GET /2"));
  CHECK(answer.find("GET /2") < answer.find("GET /3"));
  CHECK(count(answer, "Connection: close") == 1);
}

TEST_CASE("a request is handled only after the one before it was answered", "[gatehouse][http]") {
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  Running server({}, [&](ExchangePtr exchange) {
    most = std::max<int>(most, ++under_way);
    asio::post(exchange->executor(), [&under_way, exchange] {
      --under_way;
      exchange->answer(Response::text(200, "ok"));
    });
  });

  const std::string answer = server.ask(get("/1") + get("/2") + get("/3", true));

  CHECK(count(answer, "200 OK") == 3);
  CHECK(most == 1);
}

TEST_CASE("a client that closes its sending side still gets its answer", "[gatehouse][http]") {
  Running server;
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(get("/1", true)));
  socket.shutdown(tcp::socket::shutdown_send);

  CHECK(count(Running::rest_of(socket), "200 OK") == 1);
}

TEST_CASE("a refused request is answered and the connection closed", "[gatehouse][http]") {
  Running server;

  CHECK(server.ask("nonsense\r\n\r\n" + get("/1")).starts_with("HTTP/1.1 400 Bad Request"));
  CHECK(server.ask(get("/" + std::string(20000, 'a'))).starts_with("HTTP/1.1 431 "));
  const std::string too_large = server.ask(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'a'));
  CHECK(too_large.starts_with("HTTP/1.1 413 "));
  CHECK(count(too_large, "HTTP/1.1") == 1);
}

TEST_CASE("the client is told to continue and then answered", "[gatehouse][http]") {
  Running server;
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(
                          std::string("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: "
                                      "100-continue\r\nContent-Length: 2\r\n\r\n")));

  CHECK(read_until(socket, "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  asio::write(socket, asio::buffer(std::string("ok")));
  CHECK(Running::rest_of(socket).ends_with("POST /x ok"));
}

TEST_CASE("HEAD gets headers only, and the connection goes on", "[gatehouse][http]") {
  Running server;

  const std::string answer = server.ask("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n" + get("/2", true));

  CHECK(count(answer, "200 OK") == 2);
  CHECK(answer.find("HEAD /1") == std::string::npos);
}

TEST_CASE("a client that says nothing is closed, one that stops halfway is told",
          "[gatehouse][http]") {
  Running server({.connection = {.timeout = milliseconds(50)}});

  CHECK(server.ask("").empty());
  CHECK(server.ask("GET / HTTP/1.1\r\nHost:").starts_with("HTTP/1.1 408 Request Timeout"));
}

TEST_CASE("a request that is handled is not timed out", "[gatehouse][http]") {
  Running server({.connection = {.timeout = milliseconds(50)}}, [](ExchangePtr exchange) {
    auto timer = std::make_shared<asio::steady_timer>(exchange->executor(), milliseconds(150));
    timer->async_wait(
        [timer, exchange](asio::error_code) { exchange->answer(Response::text(200, "late")); });
  });

  CHECK(server.ask(get("/", true)).ends_with("late"));
}

TEST_CASE("a handler that forgets to answer is answered for", "[gatehouse][http]") {
  Running server({}, [](const ExchangePtr&) {});

  CHECK(server.ask(get("/", true)).starts_with("HTTP/1.1 500 "));
}

TEST_CASE("connections beyond the bound wait their turn", "[gatehouse][http]") {
  Running server({.connections_max = 1});
  tcp::socket first = server.connect();
  asio::write(first, asio::buffer(get("/1")));
  read_until(first, "GET /1");

  tcp::socket second = server.connect();
  asio::write(second, asio::buffer(get("/2", true)));
  // Time enough to answer it, if it were its turn.
  for (int i = 0; i < 100; ++i) {
    asio::write(first, asio::buffer(get("/1")));
    read_until(first, "GET /1");
  }
  CHECK(second.available() == 0);

  first.close();
  CHECK(Running::rest_of(second).ends_with("GET /2 "));
}

TEST_CASE("a server that stops lets the request under way finish", "[gatehouse][http]") {
  std::promise<ExchangePtr> received;
  Running server({},
                 [&received](ExchangePtr exchange) { received.set_value(std::move(exchange)); });
  tcp::socket idle = server.connect();
  tcp::socket busy = server.connect();
  asio::write(busy, asio::buffer(get("/1")));
  ExchangePtr exchange = received.get_future().get();

  std::jthread stopping([&server] { server.stop(std::chrono::seconds(10)); });
  CHECK(Running::rest_of(idle).empty());
  asio::post(exchange->executor(), [exchange] { exchange->answer(Response::text(200, "done")); });
  exchange.reset();

  CHECK(Running::rest_of(busy).ends_with("done"));
  asio::error_code refused;
  tcp::socket late(server.io());
  late.connect(server.server().endpoints().front(), refused);
  CHECK(refused);
}

TEST_CASE("a server that winds down answers as before and ends each connection with its answer",
          "[gatehouse][http]") {
  Running server;
  tcp::socket kept = server.connect();
  asio::write(kept, asio::buffer(get("/1")));
  read_until(kept, "GET /1");

  server.server().wind_down();

  asio::write(kept, asio::buffer(get("/2")));
  const std::string last = Running::rest_of(kept);
  CHECK(last.find("Connection: close") != std::string::npos);
  CHECK(last.ends_with("GET /2 "));
  CHECK(server.ask(get("/3")).ends_with("GET /3 "));
}

TEST_CASE("a server that stops answers clients that were connected already", "[gatehouse][http]") {
  std::promise<ExchangePtr> received;
  const ServerOptions patient = {.connection = {.first_request = std::chrono::seconds(10)}};
  Running server(patient, [&received](ExchangePtr exchange) {
    if (exchange->request().path == "/busy") return received.set_value(std::move(exchange));
    Running::echo(exchange);
  });
  tcp::socket busy = server.connect();
  asio::write(busy, asio::buffer(get("/busy")));
  ExchangePtr exchange = received.get_future().get();
  // The server's only thread is kept from accepting while the others connect.
  std::promise<void> connected;
  asio::post(server.io(), [&connected] { connected.get_future().wait(); });
  tcp::socket silent = server.connect();
  tcp::socket waiting = server.connect();
  asio::write(waiting, asio::buffer(get("/waiting")));
  server.server().stop(std::chrono::seconds(10), [] {});
  connected.set_value();

  CHECK(Running::rest_of(waiting).ends_with("GET /waiting "));
  asio::write(silent, asio::buffer(get("/silent")));
  CHECK(Running::rest_of(silent).ends_with("GET /silent "));
  asio::post(exchange->executor(), [exchange] { exchange->answer(Response::text(200, "done")); });
  exchange.reset();
  CHECK(Running::rest_of(busy).ends_with("done"));
}

namespace {

// Answers with a stream, and hands out what writes it.
class Streaming {
 public:
  Handler handler() {
    return [this](const ExchangePtr& exchange) {
      executor_ = exchange->executor();
      exchange->answer(Response::stream(
          "text/event-stream",
          [this](std::shared_ptr<BodyStream> stream) { begun_.set_value(std::move(stream)); }));
    };
  }
  std::shared_ptr<BodyStream> begun() { return begun_.get_future().get(); }

  // Calls it where streams may be used, and waits.
  template <typename Step>
  auto on_executor(Step step) {
    std::packaged_task<decltype(step())()> task(std::move(step));
    auto result = task.get_future();
    asio::post(executor_, [&task] { task(); });
    return result.get();
  }
  void write(const std::shared_ptr<BodyStream>& stream, const std::string& bytes) {
    while (!on_executor([&] { return stream->is_idle(); })) std::this_thread::yield();
    on_executor([&] { stream->write(bytes); });
  }
  bool is_open(const std::shared_ptr<BodyStream>& stream) {
    return on_executor([&] { return stream->is_open(); });
  }

 private:
  asio::any_io_executor executor_;
  std::promise<std::shared_ptr<BodyStream>> begun_;
};

}  // namespace

TEST_CASE("a stream is sent piece by piece until it ends, without a length", "[gatehouse][http]") {
  Streaming streaming;
  Running server({.connection = {.timeout = milliseconds(50)}}, streaming.handler());
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(get("/1")));
  auto stream = streaming.begun();
  const std::string head = read_until(socket, "\r\n\r\n");
  CHECK(head.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);

  streaming.write(stream, "one;");
  CHECK(read_until(socket, ";") == "one;");
  streaming.write(stream, "two;");
  CHECK(read_until(socket, ";") == "two;");
  streaming.on_executor([&] { stream->end(); });

  CHECK(Running::rest_of(socket).empty());
  CHECK_FALSE(streaming.is_open(stream));
}

TEST_CASE("a stream ends when nobody is left to write it", "[gatehouse][http]") {
  Streaming streaming;
  Running server({}, streaming.handler());
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(get("/1")));

  streaming.begun().reset();

  CHECK(Running::rest_of(socket).ends_with("\r\n\r\n"));
}

TEST_CASE("a stream is closed soon after its client has gone", "[gatehouse][http]") {
  Streaming streaming;
  Running server({}, streaming.handler());
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(get("/1")));
  auto stream = streaming.begun();
  REQUIRE(streaming.is_open(stream));

  socket.close();

  while (streaming.is_open(stream)) std::this_thread::yield();
  streaming.write(stream, "nobody hears this");
}

TEST_CASE("streams end when the server winds down, and when it stops", "[gatehouse][http]") {
  for (const bool stops : {false, true}) {
    Streaming streaming;
    Running server({}, streaming.handler());
    tcp::socket socket = server.connect();
    asio::write(socket, asio::buffer(get("/1")));
    auto stream = streaming.begun();
    streaming.write(stream, "one");

    stops ? server.server().stop(std::chrono::seconds(10), [] {}) : server.server().wind_down();

    CHECK(Running::rest_of(socket).ends_with("\r\n\r\none"));
    CHECK_FALSE(streaming.is_open(stream));
    stream.reset();
  }
}

TEST_CASE("a client that takes nothing of a stream is cut off", "[gatehouse][http]") {
  Streaming streaming;
  Running server({.connection = {.timeout = milliseconds(50)}}, streaming.handler());
  tcp::socket socket = server.connect();
  asio::write(socket, asio::buffer(get("/1")));
  auto stream = streaming.begun();

  streaming.write(stream, std::string(64 << 20, '.'));

  while (streaming.is_open(stream)) std::this_thread::yield();
}

TEST_CASE("HEAD of a stream gets its head, and the body is never begun", "[gatehouse][http]") {
  bool is_begun = false;
  Running server({}, [&is_begun](const ExchangePtr& exchange) {
    exchange->answer(Response::stream(
        "text/event-stream", [&is_begun](std::shared_ptr<BodyStream>) { is_begun = true; }));
  });

  const std::string answer = server.ask("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n");

  CHECK(answer.starts_with("HTTP/1.1 200 OK"));
  CHECK(answer.ends_with("Connection: close\r\n\r\n"));
  CHECK_FALSE(is_begun);
}

TEST_CASE("a server that stops breaks off what takes too long", "[gatehouse][http]") {
  std::promise<ExchangePtr> received;
  Running server({},
                 [&received](ExchangePtr exchange) { received.set_value(std::move(exchange)); });
  tcp::socket busy = server.connect();
  asio::write(busy, asio::buffer(get("/1")));
  const ExchangePtr exchange = received.get_future().get();

  server.stop(milliseconds(50));

  CHECK(Running::rest_of(busy).empty());
}

TEST_CASE("an address that cannot be listened on is named", "[gatehouse][http]") {
  asio::io_context io;
  const auto first = Server::listen(io.get_executor(), {"127.0.0.1:0"}, {}, nullptr);
  REQUIRE(first.ok());
  const std::string taken = "127.0.0.1:" + std::to_string(first->endpoints().front().port());

  const auto second = Server::listen(io.get_executor(), {taken}, {}, nullptr);
  REQUIRE_FALSE(second.ok());
  CHECK(std::string(second.status().message()).starts_with(taken + ": cannot listen: "));
  for (const char* text : {"", "8080", "host:80", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:"}) {
    CAPTURE(text);
    CHECK(absl::IsInvalidArgument(Server::listen(io.get_executor(), {text}, {}, nullptr).status()));
  }
}

}  // namespace gatehouse
