#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sojourn/session.h>

#include <chrono>
#include <optional>
#include <string>

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// How often a password may be tried in one login.
inline constexpr int kAttemptsMax = 5;

// What somebody answers who is asked for their password.
struct PasswordAnswer {
  std::string password = {};
  // They want to stay signed in. Counts where the configuration offers it.
  bool remember = false;
};

// What came of one attempt.
struct AttemptResult {
  enum class Outcome {
    kSignedIn,     // `session` is the user's, under a new id
    kWrong,        // another attempt is left
    kEnded,        // that was the last one: the login is over
    kLocked,       // not looked at, for `wait`: too many were wrong for that name or address
    kFull,         // right, but the user has as many sessions as they may: see make_room()
    kGone,         // there is no such login any more
    kUnavailable,  // `why`: not possible now
  };
  Outcome outcome = Outcome::kUnavailable;
  std::optional<sojourn::Session> session = {};
  std::chrono::milliseconds wait = {};
  // Of kFull: for make_room(), within five minutes. Only who gave the password may ever see it.
  std::string make_room_token = {};
  absl::Status why = {};
};

// Tries a password for a login in progress. Each attempt is counted in the store before the
// password is looked at, on condition that nobody counted one meanwhile: so there are never more
// than kAttemptsMax, however many servers are asked at the same time. What check_guarded() counts
// comes beside that. `done` is called on the exchange's executor.
void attempt_password(Services& services, ExchangePtr exchange, sojourn::Session login,
                      PasswordAnswer answer, absl::AnyInvocable<void(AttemptResult) &&> done);

// Goes on with a login that was answered kFull, of which the caller has checked the token: ends all
// sessions of the user, wherever they are, and signs in. Otherwise people would be locked out who
// have lost the devices on which they could sign out. The token, and not the login's id, says that
// the password was given, since others may know that id: they may have planted it in the browser.
void make_room(Services& services, ExchangePtr exchange, sojourn::Session login, bool remember,
               absl::AnyInvocable<void(AttemptResult) &&> done);

}  // namespace gatehouse
