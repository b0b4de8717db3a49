#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace sojourn::transport {

// Accepts connections and never says anything.
class SilentListener {
 public:
  int port() const { return acceptor_.local_endpoint().port(); }

  // Returns when somebody has connected, and keeps him.
  void wait_connected() { acceptor_.accept(connected_); }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{
      context_, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  asio::ip::tcp::socket connected_{context_};
};

}  // namespace sojourn::transport
