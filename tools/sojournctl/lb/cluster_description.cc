#include "sojournctl/lb/cluster_description.h"

#include <absl/status/status.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <charconv>
#include <set>

namespace sojournctl {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool is_address(std::string_view text) {
  asio::error_code error;
  asio::ip::make_address(std::string(text), error);
  return !error;
}

absl::Status invalid(std::string_view what, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(std::string(what) + " '" + std::string(text) +
                                    "': " + std::string(why));
}

// Nothing if it is none from 1 to 65535, written plainly.
std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_plain = error == std::errc() && end == text.data() + text.size();
  return is_plain && text.front() != '0' ? port : 0;
}

// The parts of names between dots and their length (RFC 1123).
bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

}  // namespace

bool is_host_name(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  // What ends in a number is an address, and this one is none: 10.0.0.256.
  return !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_node_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
           return is_letter_or_digit(c) || std::string_view("/-_.~").find(c) != std::string::npos;
         });
}

absl::StatusOr<Address> Address::parse(std::string_view text, bool host_may_be_empty) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return invalid("address", text, "is not HOST:PORT");
  }
  std::string_view host = text.substr(0, colon);
  const std::uint16_t port = port_of(text.substr(colon + 1));
  if (port == 0) return invalid("address", text, "has no port from 1 to 65535");

  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (is_v6 != has_brackets) {
    return invalid("address", text, "an IPv6 address stands in brackets, nothing else does");
  }
  const bool is_known = is_v6 ? is_address(host) && host.find('%') == std::string_view::npos
                              : is_address(host) || is_host_name(host);
  if (!is_known && !(host.empty() && host_may_be_empty)) {
    return invalid("address", text, "has no host: an IP address or a host name");
  }
  return Address{std::string(host), port};
}

bool Address::is_name() const { return !host.empty() && !is_address(host); }

std::string Address::text() const {
  return (is_ipv6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

absl::StatusOr<Node> Node::parse(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return invalid("node", text, "is not NAME=HOST:PORT");
  const std::string_view name = text.substr(0, equals);
  if (!is_node_name(name)) {
    return invalid("node", name,
                   "a name has up to 32 of a-z, 0-9 and '-', and no '-' at its ends: it is what "
                   "stands after the dot in cookies");
  }
  auto address = Address::parse(text.substr(equals + 1));
  if (!address.ok()) return invalid("node", name, std::string(address.status().message()));
  return Node{std::string(name), *std::move(address)};
}

absl::Status ClusterDescription::check() const {
  std::set<std::string> names;
  for (const Node& node : nodes) {
    if (!is_node_name(node.name)) return invalid("node", node.name, "is no name for a node");
    if (!names.insert(node.name).second) return invalid("node", node.name, "is named twice");
    const bool is_reachable = node.address.port != 0 && !node.address.host.empty();
    if (!is_reachable) return invalid("node", node.name, "has no address");
  }
  if (nodes.empty()) {
    return absl::InvalidArgumentError(
        "there is no node: --node NAME=HOST:PORT, or --target to ask a running cluster");
  }
  if (std::ranges::all_of(nodes, &Node::drained)) {
    return absl::InvalidArgumentError("all nodes are drained: nobody would be left for newcomers");
  }
  const bool is_cookie =
      !cookie.empty() && cookie.size() <= 64 && std::ranges::all_of(cookie, [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '_';
      });
  if (!is_cookie) {
    return invalid(
        "cookie", cookie,
        "a name that every balancer can write has up to 64 letters, digits, '-' and '_'");
  }
  if (!is_path(health_path)) {
    return invalid("health path", health_path, "begins with '/' and has letters, digits and /-_.~");
  }
  return absl::OkStatus();
}

}  // namespace sojournctl
