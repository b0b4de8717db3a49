#pragma once

#include <asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

// One HTTP request, read completely. A plain value.
struct Request {
  std::string method = {};
  // As sent, in origin form: path and query. "https://host/path" was reduced to it.
  std::string target = {};
  // The target up to the first '?', not decoded: a path that is spelled otherwise is another path.
  std::string path = {};
  // The target after the first '?'.
  std::string query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Who opened the connection: a browser, or the proxy in front of this server.
  asio::ip::address peer = {};
  // Whether the client will send another request on this connection.
  bool keep_alive = false;

  // The value of the first header of that name, in any case; nothing if there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  // The values of all headers of that name, in order.
  std::vector<std::string_view> headers_named(std::string_view name) const;

  // True for GET and HEAD, which must not change anything.
  bool is_read() const { return method == "GET" || method == "HEAD"; }
};

// Whether two header names, host names or schemes are equal but for ASCII case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// ASCII letters in lower case, everything else unchanged.
std::string to_lower(std::string_view text);

}  // namespace gatehouse
