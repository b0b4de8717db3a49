#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// The second step of signing in: are you who you say?

// GET /password: the form, for a login in progress.
void show_password(Services& services, const ExchangePtr& exchange);

// POST /password: one attempt. If it succeeds, the login becomes the user's session under a new id
// and the browser goes where it wanted to; the fifth that fails ends the login.
void try_password(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
