#pragma once

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace sojourn::transport {

// "host:port", or "[host]:port" for an IPv6 host, taken apart.
struct HostAndPort {
  std::string host = {};
  std::uint16_t port = 0;

  // Nothing if the text is not of that form, or the port is 0.
  static std::optional<HostAndPort> parse(const std::string& address);

  // Where that is; nothing if the host is a name, which has to be resolved first.
  std::optional<asio::ip::tcp::endpoint> numeric() const;
};

}  // namespace sojourn::transport
