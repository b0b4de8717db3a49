#include "gatehouse/http/forwarded.h"

#include <algorithm>
#include <asio/ip/address_v6.hpp>
#include <charconv>

#include "gatehouse/http/url.h"

namespace gatehouse {
namespace {

using asio::ip::address;
using asio::ip::address_v6;

// Both families as one: IPv4 as ::ffff:a.b.c.d, which is also how a dual-stack socket names a peer.
address_v6::bytes_type to_bytes(const address& value) {
  return value.is_v6() ? value.to_v6().to_bytes()
                       : asio::ip::make_address_v6(asio::ip::v4_mapped, value.to_v4()).to_bytes();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Every address of every X-Forwarded-For line, in order; nothing when one of them is none.
std::optional<std::vector<address>> forwarded_for(const Request& request) {
  std::vector<address> result;
  for (std::string_view line : request.headers_named("X-Forwarded-For")) {
    while (true) {
      const std::size_t comma = line.find(',');
      const std::string entry(trimmed(line.substr(0, comma)));
      asio::error_code error;
      const address value = asio::ip::make_address(entry, error);
      if (error) return std::nullopt;
      result.push_back(value);
      if (comma == std::string_view::npos) break;
      line.remove_prefix(comma + 1);
    }
  }
  return result;
}

}  // namespace

bool TrustedProxies::add(std::string_view range) {
  if (range == "private_ranges") {
    return std::ranges::all_of(
        std::vector<std::string_view>{"192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8",
                                      "127.0.0.0/8", "fd00::/8", "::1"},
        [this](std::string_view each) { return add(each); });
  }
  const std::size_t slash = std::min(range.find('/'), range.size());
  asio::error_code error;
  const address network = asio::ip::make_address(std::string(range.substr(0, slash)), error);
  if (error) return false;

  const unsigned width = network.is_v4() ? 32 : 128;
  unsigned bits = width;
  if (slash < range.size()) {
    const std::string_view digits = range.substr(slash + 1);
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (bad != std::errc() || end != digits.data() + digits.size() || bits > width) return false;
  }
  ranges_.push_back({to_bytes(network), bits + (128 - width)});
  return true;
}

bool TrustedProxies::contains(const address& value) const {
  const auto bytes = to_bytes(value);
  return std::ranges::any_of(ranges_, [&bytes](const Range& range) {
    const std::size_t whole = range.bits / 8;
    if (!std::equal(bytes.begin(), bytes.begin() + whole, range.network.begin())) return false;
    const unsigned rest = range.bits % 8;
    return rest == 0 || ((bytes[whole] ^ range.network[whole]) >> (8 - rest)) == 0;
  });
}

std::string original_host(const Request& request, const TrustedProxies& trusted) {
  auto host = request.header("Host");
  if (trusted.contains(request.peer)) {
    if (const auto forwarded = request.header("X-Forwarded-Host")) host = forwarded;
  }
  return host && is_host(*host) ? to_lower(*host) : std::string();
}

bool came_by_https(const Request& request, const TrustedProxies& trusted) {
  const auto scheme = request.header("X-Forwarded-Proto");
  return scheme && trusted.contains(request.peer) && equal_ignoring_case(*scheme, "https");
}

address client_address(const Request& request, const TrustedProxies& trusted) {
  if (!trusted.contains(request.peer)) return request.peer;
  const auto chain = forwarded_for(request);
  if (!chain) return request.peer;
  const auto client = std::find_if(chain->rbegin(), chain->rend(), [&trusted](const address& hop) {
    return !trusted.contains(hop);
  });
  if (client != chain->rend()) return *client;
  return chain->empty() ? request.peer : chain->front();
}

bool is_internal(const Request& request, const TrustedProxies& trusted) {
  const auto is_ours = [&trusted](const address& hop) {
    return hop.is_loopback() || trusted.contains(hop);
  };
  const auto chain = forwarded_for(request);
  return is_ours(request.peer) && chain && std::ranges::all_of(*chain, is_ours);
}

}  // namespace gatehouse
