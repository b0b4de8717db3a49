#pragma once

#include <chrono>

#include "gatehouse/config/protection.h"
#include "gatehouse/portal/signed_in.h"

namespace gatehouse {

// Whether a session's id has become too old: an id that was stolen should not be worth anything for
// as long as the session lives (OWASP: renewal timeout). Times are those of wall clocks, which may
// differ between the servers by some seconds.
bool is_renewal_due(const RenewalConfig& config, const sojourn::Session& session,
                    std::chrono::system_clock::time_point now);

// Gives the session a new id if that is due, and goes on by `serve`: with the session as it is
// then, or as it was when no new id could be had. The old one can be read for a while, because the
// browser may have sent requests before it knew the new one; FoundSession::is_renewed makes sure
// that it is told.
void renew_if_due(Services& services, const ExchangePtr& exchange, FoundSession found,
                  ServeSignedIn serve);

}  // namespace gatehouse
