#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// The sessions of others, for those who have one of the roles of "admin roles". Everybody else who
// has signed in is answered 403.

// GET /admin: asks for a user; with "?user=NAME" their sessions. Looking is no use of them.
void show_administration(Services& services, const ExchangePtr& exchange);

// POST /admin, with "user" and "action": "end" one session, of which "session" is the handle, or
// "all" of them. Needs the administrator's password if it was given long ago. Each change is
// logged: who, whom, from where.
void administrate(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
