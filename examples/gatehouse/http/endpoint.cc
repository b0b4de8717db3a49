#include "gatehouse/http/endpoint.h"

#include <asio/ip/address.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace gatehouse {

using asio::ip::tcp;

std::optional<tcp::endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";

  unsigned port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  asio::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error || bad != std::errc() || end != digits.data() + digits.size() || port > 65535) {
    return std::nullopt;
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

}  // namespace gatehouse
