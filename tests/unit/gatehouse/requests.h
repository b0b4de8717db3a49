#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/http/request.h"

namespace gatehouse::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A GET of "/" from that address.
inline Request request_from(const std::string& peer, Headers headers) {
  Request request;
  request.method = "GET";
  request.target = request.path = "/";
  request.headers = std::move(headers);
  request.peer = asio::ip::make_address(peer);
  return request;
}

inline TrustedProxies trusting(const std::vector<std::string>& ranges) {
  TrustedProxies trusted;
  for (const std::string& range : ranges) trusted.add(range);
  return trusted;
}

}  // namespace gatehouse::test
