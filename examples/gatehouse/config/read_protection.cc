#include <algorithm>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;

// lockout N [per_address M] within DURATION for DURATION, or off
LockoutConfig read_lockout(Words& words) {
  constexpr std::uint64_t kMax = 1'000'000;
  LockoutConfig lockout;
  if (words.take({"off"})) {
    lockout.per_name = 0;
    return lockout;
  }
  lockout.per_name = words.number("off, or a number of wrong passwords", 1, kMax);
  // Many people may come from one address, and few of them err.
  lockout.per_address = lockout.per_name * 10;
  if (words.take({"per_address"})) {
    lockout.per_address = words.number("a number of wrong passwords", lockout.per_name, kMax);
  }
  if (!words.take({"within"})) {
    words.misshapen("expected within DURATION for DURATION");
    return lockout;
  }
  lockout.within = words.duration("a duration");
  if (!words.take({"for"})) {
    words.misshapen("expected for DURATION");
    return lockout;
  }
  lockout.lasting = words.duration("a duration");
  // Otherwise the wrong passwords that led to the lock would still count when it ends.
  if (lockout.lasting < lockout.within) {
    words.problem("'for' must not be shorter than 'within'");
  }
  return lockout;
}

// renew DURATION [overlap DURATION], or off
RenewalConfig read_renewal(Words& words) {
  RenewalConfig renewal;
  if (words.take({"off"})) {
    renewal.after = seconds(0);
    return renewal;
  }
  renewal.after = words.duration("off, or a duration");
  if (words.take({"overlap"})) {
    const auto overlap = words.milliseconds("a duration", std::chrono::milliseconds(0));
    renewal.overlap = std::chrono::duration_cast<seconds>(overlap);
    if (overlap > seconds(60) || overlap != renewal.overlap) {
      words.problem("an overlap is whole seconds, up to 60s");
    }
  }
  return renewal;
}

}  // namespace

bool read_protection(Words& words, ProtectionConfig& protection) {
  if (words.take({"lockout"})) {
    protection.lockout = read_lockout(words);
  } else if (words.take({"renew"})) {
    protection.renewal = read_renewal(words);
  } else if (words.take({"fresh"})) {
    protection.fresh = words.take({"off"}) ? seconds(0) : words.duration("off, or a duration");
  } else if (words.take({"admin", "roles"})) {
    protection.admin_roles = words.texts("roles");
  } else if (words.take({"hsts"})) {
    protection.hsts =
        words.has_more() ? words.duration("a duration") : std::chrono::hours(24 * 365);
  } else if (words.take({"clear_site_data"})) {
    protection.clear_site_data = words.on_off();
  } else {
    return false;
  }
  return true;
}

}  // namespace gatehouse
