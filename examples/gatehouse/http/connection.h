#pragma once

#include <array>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/http/exchange.h"
#include "gatehouse/http/request_parser.h"

namespace gatehouse {

// How patient a connection is.
struct ConnectionOptions {
  RequestLimits limits = {};
  // From the end of one request to the end of the next, and for writing one response.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  // How long the rest of a refused request is read and thrown away, so that the client gets to read
  // the refusal instead of a reset.
  std::chrono::milliseconds linger = std::chrono::seconds(2);
  // How long a connection that has asked nothing yet may still ask when it is stopped: its request
  // is under way most likely.
  std::chrono::milliseconds first_request = std::chrono::milliseconds(250);
};

// One client's connection: reads a request, has it handled, writes the response, and starts again.
// One request at a time: those that a client sends ahead wait in the parser.
//
// Lives as long as it has something to do. The public calls are safe from any thread; all else runs
// on the socket's executor, which must run one thing at a time: a strand, or all of a context that
// one thread runs.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Closed = std::function<void(Connection*)>;

  // `closed` is called once, at the end, on the connection's executor.
  Connection(asio::ip::tcp::socket socket, ConnectionOptions options, Handler handler,
             Closed closed);

  void start();

  // Makes the next response the last: it says so, and the client goes elsewhere with what follows.
  // A response without end ends.
  void wind_down();
  // Ends the connection: after the response if a request is under way, or may be because nothing
  // was asked yet; otherwise at once.
  void stop();
  // Ends the connection at once.
  void abort();

 private:
  using State = RequestParser::State;

  void wait_until(std::chrono::milliseconds timeout);
  void arm_timer();
  void on_timeout();
  void read();
  void advance(State state);
  void send_continue();
  void handle();
  void refuse(int status, std::string reason);
  void respond(const Response& response, bool head_only, bool keep_alive);
  void on_written(bool keep_alive);
  // The body of a response that is written piece by piece.
  class Stream;
  void begin_stream(const Response& response);
  void write_piece(std::string bytes);
  void end_stream();
  void finish_stream();
  void linger();
  void drain();
  void close();

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  // When patience ends. The timer fires then or earlier: it is not moved on with each request, but
  // when it has fired.
  std::chrono::steady_clock::time_point deadline_ = {};
  std::optional<std::chrono::steady_clock::time_point> timer_fires_at_;
  const ConnectionOptions options_;
  const Handler handler_;
  Closed closed_;
  RequestParser parser_;
  std::array<char, 8192> input_;
  std::string output_;
  asio::ip::address peer_;
  bool handling_ = false;
  // The last response has begun and has no end yet; and is to have one, when its last piece is
  // sent.
  bool streaming_ = false;
  bool stream_ends_ = false;
  // Until it is called.
  StreamBody stream_body_;
  bool has_asked_ = false;
  bool winding_down_ = false;
  bool stopping_ = false;
  bool is_open_ = true;
};

}  // namespace gatehouse
