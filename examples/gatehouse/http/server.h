#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/http/connection.h"

namespace gatehouse {

struct ServerOptions {
  ConnectionOptions connection = {};
  // Beyond this many, new connections wait in the operating system's queue.
  std::size_t connections_max = 4096;
  // The executor runs one thing at a time, as a context does that one thread runs: then connections
  // need no strands.
  bool is_serial = false;
};

// Listens on one or more addresses and has every request handled.
//
// Safe from any thread. The executor must outlive it and every connection.
class Server {
 public:
  // Listens on each of the addresses, which parse_endpoint() reads; port 0 takes a free one.
  // kInvalidArgument for what is no address, kUnavailable with the system's reason for one that
  // cannot be listened on. Answers nobody before start().
  static absl::StatusOr<Server> listen(asio::any_io_executor executor,
                                       const std::vector<std::string>& addresses,
                                       ServerOptions options, Handler handler);

  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  // Where it listens, with the ports that were chosen.
  std::vector<asio::ip::tcp::endpoint> endpoints() const;

  void start();

  // Goes on, but every response from now on is its connection's last, so that clients which keep
  // connections open turn to others by and by.
  void wind_down();

  // Takes no connections any more but those that clients have made already, lets requests under way
  // finish, and breaks off what is left after `grace`. `done` is called when no connection is left.
  void stop(std::chrono::milliseconds grace, absl::AnyInvocable<void() &&> done);

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace gatehouse
