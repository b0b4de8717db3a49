#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sojourn::transport {

// Finds out whether the process that listened at a peer's address is gone. Used on the context's
// one thread only.
class Lookout {
 public:
  explicit Lookout(asio::io_context& context) : context_(context), resolver_(context) {}

  // That is where the peer listens. A name is resolved now, while all is well: it means the machine
  // that the peer is on. To be repeated when that may have changed.
  void remember(const std::string& peer, const std::string& address);
  void forget(const std::string& peer) { places_.erase(peer); }

  // Connects to where the peer listens, and calls `gone` if it is refused everywhere. A process
  // that ends closes its sockets one after the other, so where a connection is accepted it is tried
  // again, for half a second. If anything else comes out, such as silence, nothing is called.
  void look(const std::string& peer, std::function<void()> gone);

 private:
  struct Place {
    std::string address = {};
    // Empty until it is resolved.
    std::vector<asio::ip::tcp::endpoint> endpoints = {};
    // Waits for that; null if nobody looks.
    std::function<void()> gone = {};
  };

  void resolved(Place& place, std::vector<asio::ip::tcp::endpoint> endpoints);

  asio::io_context& context_;
  asio::ip::tcp::resolver resolver_;
  std::map<std::string, Place> places_;
};

}  // namespace sojourn::transport
