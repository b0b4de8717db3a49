#pragma once

#include <sojourn/session.h>

#include <string>
#include <vector>

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

// The identity that an active session holds.
Identity identity_of(const sojourn::Session& session);

// The changes that turn a login into a session of `user`: their identity goes in, what only the
// login needed goes out, and there is a new token for forms.
sojourn::Patch sign_in_patch(const User& user, std::string csrf_token);

// Names of attributes of a login in progress.
inline constexpr char kClaimedUser[] = "claimed_user";
inline constexpr char kClaimedRealm[] = "claimed_realm";
inline constexpr char kRedirectUrl[] = "redirect_url";
inline constexpr char kAttempts[] = "attempts";
// And one that sessions in both phases have.
inline constexpr char kCsrfToken[] = "csrf_token";

// The attribute as text; empty if it is missing.
std::string attribute_of(const sojourn::Session& session, const char* name);

}  // namespace gatehouse
