#include "support/ports.h"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace sojourn::support {

std::vector<int> free_ports(int count) {
  asio::io_context context;
  // All are held at once, so that none is given twice.
  std::vector<asio::ip::tcp::acceptor> held;
  std::vector<int> ports;
  for (int i = 0; i < count; ++i) {
    held.emplace_back(context, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    ports.push_back(held.back().local_endpoint().port());
  }
  return ports;
}

}  // namespace sojourn::support
