#include "gatehouse/http/url.h"

#include <algorithm>
#include <asio/ip/address_v6.hpp>

#include "gatehouse/http/request.h"

namespace gatehouse {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

bool is_host_name(std::string_view host) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
           c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, is_allowed) &&
         host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos;
}

bool has_dot_segment(std::string_view path) {
  std::string plain = to_lower(path);
  for (std::size_t at = 0; (at = plain.find("%2e", at)) != std::string::npos;)
    plain.replace(at, 3, ".");
  plain += '/';
  return plain.find("/./") != std::string::npos || plain.find("/../") != std::string::npos;
}

// "host", "host:port", "[v6]" or "[v6]:port".
bool split_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    url.host = to_lower(authority.substr(1, end - 1));
    asio::error_code error;
    asio::ip::make_address_v6(url.host, error);
    if (error || url.host.find('%') != std::string::npos) return false;
    port = authority.substr(end + 1);
    if (!port.empty() && port[0] != ':') return false;
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = to_lower(authority.substr(0, colon));
    if (!is_host_name(url.host)) return false;
    port = authority.substr(colon);
  }
  if (port.empty()) return true;
  url.port = port.substr(1);
  return !url.port.empty() && url.port.size() <= 5 && std::ranges::all_of(url.port, is_digit) &&
         std::stoi(url.port) <= 65535;
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  if (text.size() > 4096 || !std::ranges::all_of(text, is_visible)) return std::nullopt;
  if (text.find('\\') != std::string_view::npos) return std::nullopt;

  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;

  text.remove_prefix(colon + 3);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  if (!split_authority(text.substr(0, end), url)) return std::nullopt;

  text.remove_prefix(end);
  const std::size_t path_end = std::min(text.find_first_of("?#"), text.size());
  url.path = path_end == 0 ? "/" : std::string(text.substr(0, path_end));
  url.rest = text.substr(path_end);
  if (has_dot_segment(url.path)) return std::nullopt;
  return url;
}

std::string Url::origin() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string result = scheme + "://" + (is_v6 ? "[" + host + "]" : host);
  const bool is_default =
      (scheme == "http" && port == "80") || (scheme == "https" && port == "443");
  if (!port.empty() && !is_default) result += ":" + port;
  return result;
}

std::string Url::text() const { return origin() + path + rest; }

bool is_host(std::string_view text) {
  Url url;
  return split_authority(text, url);
}

}  // namespace gatehouse
