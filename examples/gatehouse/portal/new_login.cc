#include "gatehouse/portal/new_login.h"

#include <algorithm>
#include <utility>

#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"

namespace gatehouse {

std::string claimed_name_problem(const std::string& name) {
  if (name.empty()) return "Enter your user name.";
  if (name.size() > kEmailBytesMax) return "This is too long for a user name.";
  const bool has_controls =
      std::ranges::any_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  return has_controls ? "This is not a user name." : "";
}

sojourn::NewSession new_login(std::string name, std::string realm, std::string redirect_url) {
  sojourn::NewSession login;
  login.with(kClaimedUser, std::move(name)).with(kCsrfToken, new_csrf_token());
  if (!realm.empty()) login.with(kClaimedRealm, std::move(realm));
  if (!redirect_url.empty()) login.with(kRedirectUrl, std::move(redirect_url));
  return login;
}

void log_login_started(Services& services, const Request& request,
                       const sojourn::Session& session) {
  ++services.counters.logins_started;
  // Without the name: people type passwords into this field by mistake.
  log_session(services, request, "login started", session);
}

}  // namespace gatehouse
