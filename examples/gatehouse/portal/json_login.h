#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// POST /login with a JSON body: signing in without a cookie jar, in authcrunch's words.
//
//   {"username": "ana", "realm": "local"}
//     -> {"sandbox_id": ID, "sandbox_secret": SECRET, "next_challenge": "password"}
//   {"sandbox_id": ID, "sandbox_secret": SECRET, "challenge_kind": "password",
//    "challenge_response": "..."}
//     -> {"authenticated": true, "session": SESSION, "cookie_name": NAME, "expires_at": SECONDS}
//
// With "remember": true beside the password the session lives as long as remembered ones do.
//
// The id travels in the body, where no balancer looks for it: such requests reach any server, and
// the store finds the login from there.
void handle_json_login(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
