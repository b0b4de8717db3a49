#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// The first step of signing in: who are you?

// GET /login: the form; people who are signed in already go to the portal.
void show_login(Services& services, const ExchangePtr& exchange);

// POST /login: begins a login, which is a session in the store, and goes on to the password. Says
// nothing about whether there is such a user.
void begin_login(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
