#include "gatehouse/verify/verify.h"

#include <absl/status/status.h>

#include <algorithm>
#include <cstddef>

#include "gatehouse/http/form.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {
namespace {

// nginx answers 500 if a response header does not fit its buffer of 4 or 8 kB. Whoever comes with a
// longer address signs in and starts from the portal.
constexpr std::size_t kLocationBytesMax = 2048;

std::string_view text_of(const Request& request, std::string_view header) {
  return request.header(header).value_or("");
}

bool is_page_request(const Request& request) {
  const auto mode = request.header("Sec-Fetch-Mode");
  return to_lower(text_of(request, "Accept")).find("text/html") != std::string::npos &&
         !equal_ignoring_case(text_of(request, "X-Requested-With"), "XMLHttpRequest") &&
         (!mode || *mode == "navigate");
}

// The original URL as the proxy spells it; empty if it does not say.
std::string original_url(const Request& request, VerifyMode mode) {
  if (mode == VerifyMode::kAuthRequest) {
    if (const auto url = request.header("X-Original-URL")) return std::string(*url);
  }
  const std::string_view uri =
      text_of(request, mode == VerifyMode::kAuthRequest ? "X-Original-URI" : "X-Forwarded-Uri");
  const std::string_view host = text_of(request, "X-Forwarded-Host");
  if (uri.empty() || host.empty()) return {};
  const std::string_view scheme = text_of(request, "X-Forwarded-Proto");
  std::string url;
  url.reserve(scheme.size() + host.size() + uri.size() + std::string_view("http:///").size());
  url.append(scheme.empty() ? "http" : scheme).append("://").append(host);
  if (!uri.starts_with('/')) url += '/';
  return url.append(uri);
}

std::string login_url(const PolicyConfig& policy, const OriginalRequest& original) {
  const std::string login = policy.auth_url + "/login";
  if (!original.url) return login;
  std::string location = login + "?redirect_url=" + percent_encode(original.url->text());
  return location.size() <= kLocationBytesMax ? location : login;
}

}  // namespace

absl::StatusOr<OriginalRequest> original_request(const Request& request, VerifyMode mode,
                                                 const TrustedProxies& trusted) {
  OriginalRequest original;
  original.is_navigation = is_page_request(request);
  original.method = request.method;
  if (!trusted.contains(request.peer)) return original;

  const auto method =
      request.header(mode == VerifyMode::kForwardAuth ? "X-Forwarded-Method" : "X-Original-Method");
  if (method && !method->empty()) original.method = *method;

  const std::string text = original_url(request, mode);
  if (text.empty()) return original;
  original.url = Url::parse(text);
  // Without path and query, of which clients may write what they like: that is the proxy's part.
  const std::size_t path = text.find('/', std::min(text.find("://"), text.size() - 1) + 3);
  if (!original.url && !Url::parse(text.substr(0, path))) {
    return absl::InvalidArgumentError("the original request has no http or https address");
  }
  return original;
}

bool is_allowed(const PolicyConfig& policy, const Identity& identity) {
  return policy.allow_everybody ||
         std::ranges::any_of(identity.roles, [&policy](const std::string& role) {
           return std::ranges::find(policy.allowed_roles, role) != policy.allowed_roles.end();
         });
}

Response pass_answer(const PolicyConfig& policy, const Identity& identity) {
  const std::string groups = joined(identity.roles);
  Response response = Response::text(200, "");
  response.set("Remote-User", identity.user)
      .set("Remote-Groups", groups)
      .set("Remote-Email", identity.email)
      .set("Remote-Name", identity.name);
  if (policy.inject_auth_request) {
    response.set("X-Auth-Request-User", identity.user)
        .set("X-Auth-Request-Groups", groups)
        .set("X-Auth-Request-Email", identity.email)
        .set("X-Auth-Request-Preferred-Username", identity.user);
  }
  if (policy.inject_claims) {
    response.set("X-Token-Subject", identity.user)
        .set("X-Token-User-Name", identity.name)
        .set("X-Token-User-Email", identity.email)
        .set("X-Token-User-Roles", groups);
  }
  return response;
}

Response forbidden_answer(const PolicyConfig& policy, const OriginalRequest& original,
                          VerifyMode mode, const Identity& identity) {
  if (mode == VerifyMode::kAuthRequest || !original.is_navigation) {
    return Response::text(403, "Signed in, but not allowed.\n");
  }
  const PageBase base = {policy.auth_url};
  return page_response(base, 403,
                       message_page(base, {.title = "Not allowed",
                                           .text = "You are signed in as " + identity.user +
                                                   ", but this page is for others.",
                                           .link_title = "To the portal",
                                           .link_url = policy.auth_url + "/portal",
                                           .offers_sign_out = true}));
}

Response sign_in_answer(const PolicyConfig& policy, const OriginalRequest& original,
                        VerifyMode mode) {
  const std::string location = login_url(policy, original);
  if (mode == VerifyMode::kForwardAuth && original.is_navigation && !policy.disable_auth_redirect) {
    const bool is_read = original.method == "GET" || original.method == "HEAD";
    return Response::redirect(is_read ? 302 : 303, location);
  }
  Response response = Response::text(401, "Sign in first.\n");
  response.set("WWW-Authenticate", "Cookie realm=\"gatehouse\"").set("Location", location);
  return response;
}

Response try_again_answer() {
  Response response = Response::text(503, "The session cannot be reached at this moment.\n");
  response.set("Retry-After", "1");
  return response;
}

}  // namespace gatehouse
