#pragma once

#include <absl/functional/any_invocable.h>
#include <sojourn/session.h>

#include <chrono>

#include "gatehouse/http/exchange.h"
#include "gatehouse/http/form.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// Whether the session's user gave their password so lately that they need not give it again.
bool is_fresh(const ProtectionConfig& config, const sojourn::Session& session,
              std::chrono::system_clock::time_point now);

// Calls `proceed`, on the exchange's executor, if the session is fresh, or if the form has its
// user's password in the field "password", which makes the session fresh. Otherwise answers with a
// page that asks for the password and then sends the same form to `path` again, with its fields
// "action", "session" and "user".
void with_confirmation(Services& services, const ExchangePtr& exchange,
                       const sojourn::Session& session, std::string_view path,
                       absl::AnyInvocable<void() &&> proceed);

}  // namespace gatehouse
