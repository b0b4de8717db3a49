#pragma once

#include <optional>
#include <string_view>

namespace sojourn::session {

// One cookie of a request. Views into the header line.
struct CookiePair {
  std::string_view name = {};
  std::string_view value = {};
};

// Walks through the pairs of one Cookie header line as servers meet them (RFC 6265bis 4.2.1, but
// anybody can send anything): pairs end at a semicolon and nowhere else, the name ends at the first
// equals sign, and what has none is no cookie. Blanks and tabs before a pair and around the whole
// line are skipped. All others stay part of name or value, quotes and percent signs too, because
// balancers that look for a route disagree about repairs.
class CookieHeader {
 public:
  // `line` is the header's value, without "Cookie:". It must outlive this object.
  explicit CookieHeader(std::string_view line);

  // The next pair; nothing at the end.
  std::optional<CookiePair> next();

 private:
  std::string_view rest_;
};

}  // namespace sojourn::session
