#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "gatehouse/config/config.h"
#include "gatehouse/http/forwarded.h"
#include "gatehouse/http/request.h"
#include "gatehouse/http/response.h"
#include "gatehouse/http/url.h"
#include "gatehouse/portal/identity.h"

namespace gatehouse {

// The answers to "may this request pass?", as functions of plain values. Two paths, because what a
// proxy can do with an answer cannot be told from its request, which the client helps to write.
enum class VerifyMode {
  kForwardAuth,  // /verify: Caddy and Traefik pass every answer on to the client
  kAuthRequest,  // /verify/nginx: nginx knows only 2xx, 401 and 403
};

// What a proxy says about the request that it holds back.
struct OriginalRequest {
  std::string method = "GET";
  // Where the client wanted to go. Nothing if the proxy does not say, says something that no
  // redirect should lead to, or is none that is trusted: then the client asks for itself.
  std::optional<Url> url = {};
  // A browser that would show a page, not a script that would be confused by one.
  bool is_navigation = false;
};

// Reads it from the headers that belong to the mode, and only from trusted proxies: from Host,
// Referer and the query never. kInvalidArgument if a trusted proxy passes on a host or scheme that
// is none.
absl::StatusOr<OriginalRequest> original_request(const Request& request, VerifyMode mode,
                                                 const TrustedProxies& trusted);

// Whether the policy lets somebody with these roles pass.
bool is_allowed(const PolicyConfig& policy, const Identity& identity);

// 200 with all identity headers, empty ones as well: a proxy that copies a missing header may copy
// the client's own instead.
Response pass_answer(const PolicyConfig& policy, const Identity& identity);

// 403, never a redirect: the portal would send the browser straight back.
Response forbidden_answer(const PolicyConfig& policy, const OriginalRequest& original,
                          VerifyMode mode, const Identity& identity);

// Not signed in: browsers are sent to the portal, everything else gets 401 with the same Location;
// nginx always gets 401.
Response sign_in_answer(const PolicyConfig& policy, const OriginalRequest& original,
                        VerifyMode mode);

// 503 with Retry-After: whether somebody has signed in is not known. 401 would mean "signed out".
Response try_again_answer();

}  // namespace gatehouse
