#pragma once

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"
#include "gatehouse/verify/verify.h"

namespace gatehouse {

// Answers a proxy that asks whether a request may pass, by the session that its cookies lead to.
// Counts as use of the session. Never sets a cookie: most proxies would lose it.
void handle_verify(Services& services, const PolicyConfig& policy, VerifyMode mode,
                   const ExchangePtr& exchange);

}  // namespace gatehouse
