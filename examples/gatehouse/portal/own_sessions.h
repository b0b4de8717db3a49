#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// What people see and do about their own sessions.

// GET /sessions: all of them, with device, address, and when they were used; "?page=2" for more.
void show_sessions(Services& services, const ExchangePtr& exchange);

// POST /sessions, with "action": "end" one, of which "session" is the handle; "others", all but the
// one that asks; "everywhere", all of them, which needs the password if it was given long ago.
void change_sessions(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
