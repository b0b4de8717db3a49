#include "gatehouse/portal/form_guard.h"

#include <sojourn/session_id.h>

#include <algorithm>
#include <cstddef>

#include "gatehouse/http/url.h"
#include "gatehouse/portal/identity.h"

namespace gatehouse {
namespace {

bool token_matches(const std::string& expected, std::string_view token) {
  if (expected.empty() || token.size() != expected.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference |= static_cast<unsigned char>(token[i]) ^ static_cast<unsigned char>(expected[i]);
  }
  return difference == 0;
}

}  // namespace

std::string new_csrf_token() {
  // As hard to guess as a session id, and in the same harmless alphabet.
  return std::string(sojourn::SessionId::generate().text());
}

bool csrf_token_matches(const sojourn::Session& session, std::string_view token) {
  return token_matches(attribute_of(session, kCsrfToken), token);
}

bool make_room_token_matches(const sojourn::Session& login, std::string_view token) {
  return token_matches(attribute_of(login, kMakeRoom), token);
}

bool comes_from_own_page(const Request& request, const TrustedProxies& trusted) {
  if (const auto site = request.header("Sec-Fetch-Site"))
    return *site == "same-origin" || *site == "none";
  const auto origin = request.header("Origin");
  if (!origin) return true;
  const auto url = Url::parse(*origin);
  // Scheme and port may have been changed by proxies that do not say so; the host is what counts,
  // and its port if the proxies kept it.
  const auto own = Url::parse("http://" + original_host(request, trusted));
  return url && own && url->host == own->host && (own->port.empty() || own->port == url->port);
}

bool has_json_body(const Request& request) {
  const std::string type = to_lower(request.header("Content-Type").value_or(""));
  return type == "application/json" || type.starts_with("application/json;");
}

}  // namespace gatehouse
