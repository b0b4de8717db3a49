#pragma once

#include <atomic>
#include <cstdint>

namespace gatehouse {

// What happened since the start, for /status. Safe from any thread.
struct Counters {
  using Counter = std::atomic<std::uint64_t>;

  // Cookies whose session is gone or never was. The store counts those that were malformed or
  // forged, and what the routes of the others say.
  Counter cookies_not_found = 0;
  // Of these, those whose session was lost with all members that held it.
  Counter sessions_lost = 0;

  Counter logins_started = 0;
  Counter logins_completed = 0;
  Counter passwords_wrong = 0;
  Counter logins_ended = 0;   // by too many wrong passwords
  Counter logins_locked = 0;  // passwords that were not looked at because of a lock
  Counter logins_full = 0;    // refused because the user has as many sessions as they may
  Counter logouts = 0;
  Counter sessions_renewed = 0;
  Counter sessions_ended = 0;  // by their user from elsewhere, or by an administrator
  Counter forms_refused = 0;   // from other sites, or without their token
};

}  // namespace gatehouse
