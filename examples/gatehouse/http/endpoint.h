#pragma once

#include <asio/ip/tcp.hpp>
#include <optional>
#include <string_view>

namespace gatehouse {

// An address to listen on, "HOST:PORT": a numeric host, "localhost", or nothing for all addresses
// of the machine; port 0 for a free one. Nothing for everything else.
std::optional<asio::ip::tcp::endpoint> parse_endpoint(std::string_view text);

// For messages about text that is none: "'foo' is not " and this.
inline constexpr std::string_view kEndpointForm =
    "an address to listen on, such as 127.0.0.1:8080 or :8080";

}  // namespace gatehouse
