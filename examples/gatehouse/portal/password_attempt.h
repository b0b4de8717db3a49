#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sojourn/session.h>

#include <optional>
#include <string>

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// How often a password may be tried in one login.
inline constexpr int kAttemptsMax = 5;

// What came of one attempt.
struct AttemptResult {
  enum class Outcome {
    kSignedIn,     // `session` is the user's, under a new id
    kWrong,        // another attempt is left
    kEnded,        // that was the last one: the login is over
    kGone,         // there is no such login any more
    kUnavailable,  // `why`: not possible now
  };
  Outcome outcome = Outcome::kUnavailable;
  std::optional<sojourn::Session> session = {};
  absl::Status why = {};
};

// Tries a password for a login in progress. Each attempt is counted in the store before the
// password is looked at, on condition that nobody counted one meanwhile: so there are never more
// than kAttemptsMax, however many servers are asked at the same time. `done` is called on the
// exchange's executor.
void attempt_password(Services& services, ExchangePtr exchange, sojourn::Session login,
                      std::string password, absl::AnyInvocable<void(AttemptResult) &&> done);

}  // namespace gatehouse
