#pragma once

#include <sojourn/session.h>

#include <string>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/users/user.h"

namespace gatehouse {

// Who a session belongs to, as it was when they signed in. It travels with the session, so that any
// server can answer for it without looking the user up; changed roles count from the next login on.
struct Identity {
  std::string user = {};
  std::string name = {};
  std::string email = {};
  std::string realm = {};
  std::vector<std::string> roles = {};

  // What to greet the person with.
  const std::string& display_name() const { return name.empty() ? user : name; }
};

// Whether the portal lets them see and end the sessions of others.
bool is_admin(const PortalConfig& portal, const Identity& identity);

// The identity that an active session holds.
Identity identity_of(const sojourn::Session& session);

// From where somebody signed in, for the list of their sessions.
struct SignInOrigin {
  std::string device = {};   // device_of() their browser
  std::string address = {};  // the client's, as far as trusted proxies say
};

// The changes that turn a login into a session of `user`: their identity goes in, what only the
// login needed goes out, and there are a new token for forms and a new handle.
sojourn::Patch sign_in_patch(const User& user, SignInOrigin origin, std::string csrf_token);

// Names of attributes of a login in progress.
inline constexpr char kClaimedUser[] = "claimed_user";
inline constexpr char kClaimedRealm[] = "claimed_realm";
inline constexpr char kRedirectUrl[] = "redirect_url";
inline constexpr char kAttempts[] = "attempts";
// The token of the form that ends the user's other sessions; whoever has it gave the password.
inline constexpr char kMakeRoom[] = "make_room";
// Names of attributes of an active session. The handle names it on pages and in logs, where its id
// must never be: it is random, stays when the id is renewed, and leads nobody to the session.
inline constexpr char kHandle[] = "handle";
inline constexpr char kDevice[] = "device";
inline constexpr char kAddress[] = "address";
// Seconds since 1970; missing before the first renewal or confirmation.
inline constexpr char kRenewedAt[] = "renewed_at";
inline constexpr char kConfirmedAt[] = "confirmed_at";
// And one that sessions in both phases have.
inline constexpr char kCsrfToken[] = "csrf_token";

// The attribute as text; empty if it is missing.
std::string attribute_of(const sojourn::Session& session, const char* name);

}  // namespace gatehouse
