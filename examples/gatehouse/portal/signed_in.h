#pragma once

#include <absl/functional/any_invocable.h>

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

using ServeSignedIn = absl::AnyInvocable<void(FoundSession) &&>;

// For what is shown to people who have signed in: `serve` gets their active session, on the
// exchange's executor, and answers the exchange, with refresh_cookie() in its answer. A session
// whose id has become too old gets a new one first, if a page is asked for. Everybody else is
// answered here: JSON clients by 401, browsers by being sent to the login page, and back to
// the page that they asked for when they have signed in.
void with_signed_in(Services& services, const ExchangePtr& exchange, bool touch,
                    ServeSignedIn serve);

// The same for forms: POST requests that come from a page of this server and have the session's
// token; all others are refused. Never changes the id, as the answer may be about that id.
void with_signed_in_form(Services& services, const ExchangePtr& exchange, ServeSignedIn serve);

}  // namespace gatehouse
