#include "session/cookie_options.h"

#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/crypto.h"

namespace sojourn::session {
namespace {

constexpr std::size_t kSecretBytesMin = 32;  // as many as the digest has
constexpr std::size_t kDomainSizeMax = 253;  // RFC 1035
constexpr std::size_t kLabelSizeMax = 63;    // RFC 1035
constexpr std::size_t kPathSizeMax = 1024;   // browsers ignore longer attributes (RFC 6265bis)
constexpr std::chrono::hours kMaxAgeMax{400 * 24};  // browsers cut it to that (RFC 6265bis)

absl::Status refuse(std::string_view option, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrFormat("cookie option %s: %s", option, reason));
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// RFC 9110 5.6.2
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

bool is_token_character(char c) {
  return is_letter_or_digit(c) || kTokenMarks.find(c) != std::string_view::npos;
}

// [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?, the form of a member's name.
bool is_member_name(std::string_view text) {
  return is_route(text) && text.front() != '-' && text.back() != '-';
}

bool is_domain_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelSizeMax && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_domain(std::string_view text) {
  if (text.size() > kDomainSizeMax) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_domain_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_path(std::string_view text) {
  return text.size() <= kPathSizeMax && text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != ';'; });
}

// Browsers compare the prefixes without regard to case (RFC 6265bis).
bool has_prefix(const std::string& name, const char* prefix) {
  return absl::StartsWithIgnoreCase(name, prefix);
}

absl::Status check_name(const CookieOptions& options) {
  if (options.name.empty() || options.name.size() > kCookieNameSizeMax ||
      !std::ranges::all_of(options.name, is_token_character)) {
    return refuse("name", "must be 1 to 64 characters of an RFC 6265 token");
  }
  if (!options.secure &&
      (has_prefix(options.name, "__Host-") || has_prefix(options.name, "__Secure-"))) {
    return refuse("secure", "must be on with a name that starts with __Host- or __Secure-");
  }
  return absl::OkStatus();
}

absl::Status check_scope(const CookieOptions& options) {
  if (!options.domain.empty() && !is_domain(options.domain)) {
    return refuse("domain", "must be a host name without a leading dot, for example example.com");
  }
  if (!is_path(options.path)) {
    return refuse("path", "must start with / and hold no blank, semicolon or control character");
  }
  if (has_prefix(options.name, "__Host-")) {
    if (!options.domain.empty()) {
      return refuse("domain", "must be empty with a name that starts with __Host-");
    }
    if (options.path != "/") {
      return refuse("path", "must be / with a name that starts with __Host-");
    }
  }
  return absl::OkStatus();
}

absl::Status check_rest(const CookieOptions& options) {
  if (options.same_site == SameSite::kNone && !options.secure) {
    return refuse("same_site", "kNone needs secure");
  }
  if (options.max_age &&
      (*options.max_age < std::chrono::seconds(1) || *options.max_age > kMaxAgeMax)) {
    return refuse("max_age", "must be 1 second to 400 days");
  }
  return absl::OkStatus();
}

absl::Status check_keys(const CookieOptions& options) {
  std::set<char> ids;
  for (const CookieKey& key : options.keys) {
    if (!is_base64url(key.id)) return refuse("keys", "an id must be one of [A-Za-z0-9_-]");
    if (!ids.insert(key.id).second) {
      return refuse("keys", absl::StrFormat("the id '%c' stands twice", key.id));
    }
    if (key.secret.size() < kSecretBytesMin) {
      return refuse("keys",
                    absl::StrFormat("the secret of '%c' must have at least 32 bytes", key.id));
    }
  }
  return absl::OkStatus();
}

absl::Status check_route_alias(const CookieOptions& options) {
  std::set<std::string_view> routes;
  for (const auto& [member, route] : options.route_alias) {
    if (!is_member_name(member) || !is_member_name(route)) {
      return refuse("route_alias", "members and routes must be [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?");
    }
    if (!routes.insert(route).second) {
      return refuse("route_alias", absl::StrFormat("the route %s stands for two members", route));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool is_route(std::string_view text) {
  return !text.empty() && text.size() <= kRouteSizeMax &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

absl::Status check(const CookieOptions& options) {
  for (const auto& check_part :
       {check_name, check_scope, check_rest, check_keys, check_route_alias}) {
    if (absl::Status status = check_part(options); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sojourn::session
