#include "transport/address.h"

#include <absl/strings/numbers.h>

#include <asio/ip/address.hpp>

namespace sojourn::transport {

std::optional<HostAndPort> HostAndPort::parse(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = address.substr(0, colon);
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  // Without brackets nobody knows where an IPv6 host ends.
  if (host.empty() || (!in_brackets && host.find_first_of(":[]") != std::string::npos)) {
    return std::nullopt;
  }

  std::uint32_t port = 0;
  if (!absl::SimpleAtoi(address.substr(colon + 1), &port)) return std::nullopt;
  if (port == 0 || port > 65535) return std::nullopt;
  return HostAndPort{.host = std::move(host), .port = static_cast<std::uint16_t>(port)};
}

std::optional<asio::ip::tcp::endpoint> HostAndPort::numeric() const {
  asio::error_code is_name;
  const asio::ip::address ip = asio::ip::make_address(host, is_name);
  if (is_name) return std::nullopt;
  return asio::ip::tcp::endpoint(ip, port);
}

}  // namespace sojourn::transport
