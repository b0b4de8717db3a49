#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// What people see who have signed in.

// GET /portal: their applications and their session.
void show_portal(Services& services, const ExchangePtr& exchange);

// GET /whoami: who they are, as a page or as JSON; with "?probe=true" also whether and how long the
// session lives, without prolonging it. JSON clients that are not signed in get 401, browsers the
// login page.
void show_whoami(Services& services, const ExchangePtr& exchange);

// GET /logout: asks; POST /logout: ends the session on all servers and forgets its cookie.
void show_logout(Services& services, const ExchangePtr& exchange);
void log_out(Services& services, const ExchangePtr& exchange);

// For all addresses at which there is nothing: says so, and offers those who have signed in to sign
// out. That is no use of their session.
void show_not_found(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
