#include "session/cookie_header.h"

#include <algorithm>

namespace sojourn::session {
namespace {

// What RFC 9110 (5.6.3) calls optional white space.
constexpr std::string_view kBlanks = " \t";

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

}  // namespace

// White space at the end of the line belongs to the header, not to its last pair (RFC 9110, 5.5).
CookieHeader::CookieHeader(std::string_view line)
    : rest_(line.substr(0, line.find_last_not_of(kBlanks) + 1)) {}

std::optional<CookiePair> CookieHeader::next() {
  while (!rest_.empty()) {
    const std::size_t end = std::min(rest_.find(';'), rest_.size());
    const std::string_view pair = without_leading_blanks(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));

    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    return CookiePair{.name = pair.substr(0, equals), .value = pair.substr(equals + 1)};
  }
  return std::nullopt;
}

}  // namespace sojourn::session
