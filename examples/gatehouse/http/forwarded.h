#pragma once

#include <asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/request.h"

namespace gatehouse {

// Ranges of addresses, written as CIDR: "10.0.0.0/8", "::1", "private_ranges".
//
// The proxies whose word counts: forwarded headers of everybody else are text that anybody can
// write.
class TrustedProxies {
 public:
  // Adds a range; false when the text is none. "private_ranges" adds loopback and the private
  // networks of IPv4 and IPv6, as in Caddy.
  bool add(std::string_view range);

  bool contains(const asio::ip::address& address) const;

 private:
  struct Range {
    asio::ip::address_v6::bytes_type network = {};
    unsigned bits = 0;
  };
  std::vector<Range> ranges_;
};

// The host that the browser asked for: X-Forwarded-Host from a trusted proxy, otherwise Host. Empty
// if it is no host.
std::string original_host(const Request& request, const TrustedProxies& trusted);

// Whether the browser asked by https, as a trusted proxy says in X-Forwarded-Proto.
bool came_by_https(const Request& request, const TrustedProxies& trusted);

// The address of the client for logs: the last one in X-Forwarded-For that is not a trusted proxy,
// if the connection is from a trusted proxy, otherwise the connection's own.
asio::ip::address client_address(const Request& request, const TrustedProxies& trusted);

// Whether the request comes from this machine or a trusted proxy itself, and was not passed on for
// somebody else: who may see /status.
bool is_internal(const Request& request, const TrustedProxies& trusted);

}  // namespace gatehouse
