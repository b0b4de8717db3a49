#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/session.h>

#include <chrono>

#include "gatehouse/config/protection.h"
#include "gatehouse/portal/signed_in.h"

namespace gatehouse {

// Whether an id that a session has had since then has become too old: an id that was stolen should
// not be worth anything for as long as the session lives (OWASP: renewal timeout). Times are those
// of wall clocks, which may differ between the servers by some seconds.
bool is_renewal_due(const RenewalConfig& config, std::chrono::system_clock::time_point since,
                    std::chrono::system_clock::time_point now);

// Gives the session a new id, which the browser must be told, then applies `patch` and notes the
// time. The old id can be read for `overlap`. `done` is called on the exchange's executor, with the
// session as it is then. If only the patch failed, `done` gets the session without it; otherwise
// nothing happened, but for kDeadlineExceeded: then the session may have an id that nobody knows.
using IdChanged = absl::AnyInvocable<void(absl::StatusOr<sojourn::Session>) &&>;
void change_id(Services& services, const ExchangePtr& exchange, const sojourn::Session& session,
               std::chrono::seconds overlap, sojourn::Patch patch, IdChanged done);

// Gives the session a new id if that is due, and goes on by `serve`: with the session as it is
// then, or as it was when no new id could be had. The old one can be read for a while, because the
// browser may have sent requests before it knew the new one; FoundSession::is_renewed makes sure
// that it is told.
void renew_if_due(Services& services, const ExchangePtr& exchange, FoundSession found,
                  ServeSignedIn serve);

}  // namespace gatehouse
