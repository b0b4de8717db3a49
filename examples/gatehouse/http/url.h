#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

// An absolute http or https URL, taken apart. A plain value.
struct Url {
  std::string scheme = {};  // "http" or "https"
  std::string host = {};    // in lower case; an IPv6 address without its brackets
  std::string port = {};    // digits, or nothing for the scheme's own
  std::string path = {};    // starts with '/'
  std::string rest = {};    // query and fragment, with their '?' and '#'

  // Strict where browsers are lenient, because what is read here decides where people are sent
  // after they signed in: no user name ("https://good.example@evil.example"), no backslash, no
  // control character, blank or raw non-ASCII, no percent sign in the host, no empty label, and no
  // dot segment in the path, which a browser would resolve after this looked at it. Nothing for
  // everything else.
  static std::optional<Url> parse(std::string_view text);

  // The URL as text again: "https://host:port/path?query".
  std::string text() const;
  // Scheme, host and port, as browsers write it in Origin.
  std::string origin() const;
};

// Whether `text` may stand in a Host header: a host name or address, perhaps with a port.
bool is_host(std::string_view text);

}  // namespace gatehouse
