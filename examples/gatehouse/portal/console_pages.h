#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// The cluster as this server sees it, for those who have one of the roles of "admin roles". Routes
// of these exist only where there is a console.

// GET /console: the page. Everybody else who has signed in is answered 403.
void show_console(Services& services, const ExchangePtr& exchange);

// GET /console/events: a stream of the page's parts, as they change. Looking on is no use of the
// session. 401 and 403 for those who may not, 503 when there is no place left or the server stops.
void watch_console(Services& services, const ExchangePtr& exchange);

}  // namespace gatehouse
