#pragma once

#include <absl/functional/any_invocable.h>
#include <sojourn/session.h>

#include <chrono>

#include "gatehouse/http/exchange.h"
#include "gatehouse/http/form.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// Whether somebody gave their password so lately, then, that they need not give it again.
bool is_fresh(const ProtectionConfig& config, std::chrono::system_clock::time_point confirmed,
              std::chrono::system_clock::time_point now);

// Calls `proceed`, on the exchange's executor, if the session is fresh, or if the form has its
// user's password in the field "password". That makes the session fresh and gives it a new id,
// since it may do more from then on (OWASP: renew the id at every change of privilege): `proceed`
// gets the exchange that it must answer, which tells the browser the new id with whatever answer.
// The old one is dead at once. Otherwise answers with a page that asks for the password and then
// sends the same form to `path` again, with its fields "action", "session" and "user".
using ProceedConfirmed = absl::AnyInvocable<void(const ExchangePtr&) &&>;
void with_confirmation(Services& services, const ExchangePtr& exchange,
                       const sojourn::Session& session, std::string_view path,
                       ProceedConfirmed proceed);

}  // namespace gatehouse
