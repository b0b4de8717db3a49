#include "discovery/dns_options.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/host_name.h"

namespace sojourn::discovery {
namespace {

absl::Status wrong(const std::string& message) {
  return absl::InvalidArgumentError("dns: " + message);
}

bool is_port(const std::string& text) {
  std::uint32_t port = 0;
  return absl::SimpleAtoi(text, &port) && port > 0 && port <= 65535;
}

bool is_ip(const std::string& text) {
  asio::error_code error;
  (void)asio::ip::make_address(text, error);  // only whether it can be
  return !error;
}

// "10.0.0.1", "10.0.0.1:53", "::1", "[::1]" or "[::1]:53".
bool is_server(const std::string& text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos || !is_ip(text.substr(1, end - 1))) return false;
    return end + 1 == text.size() || (text[end + 1] == ':' && is_port(text.substr(end + 2)));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) {
    return is_ip(text);
  }
  return is_ip(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

}  // namespace

absl::Status check_dns_options(const DnsOptions& options) {
  if (!is_host_name(options.name)) {
    return wrong("name: \"" + options.name.substr(0, 128) + "\" is not a name of DNS");
  }
  if (options.interval < std::chrono::milliseconds(100) ||
      options.interval > std::chrono::hours(1)) {
    return wrong("interval: must be between 100 ms and 1 h");
  }
  if (options.servers.empty()) return absl::OkStatus();
  const std::vector<std::string> servers = absl::StrSplit(options.servers, ',');
  for (const std::string& server : servers) {
    if (!is_server(server)) {
      return wrong("servers: \"" + server.substr(0, 128) +
                   "\" is not a numeric address, with or without a port");
    }
  }
  return absl::OkStatus();
}

}  // namespace sojourn::discovery
