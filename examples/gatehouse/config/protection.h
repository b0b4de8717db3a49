#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse {

// What a portal does against those who guess, steal or share. Each default is the one of the
// directive that is not written.

// "lockout N [per_address M] within DURATION for DURATION" or "lockout off".
struct LockoutConfig {
  // Wrong passwords that one name may have within the time before it is locked; 0: never.
  std::uint64_t per_name = 20;
  // The same for one client's address, which may be that of a whole office.
  std::uint64_t per_address = 200;
  std::chrono::seconds within = std::chrono::minutes(15);
  // How long it is locked; not shorter than `within`.
  std::chrono::seconds lasting = std::chrono::minutes(15);
};

// "renew DURATION [overlap DURATION]" or "renew off".
struct RenewalConfig {
  // How old a session's id may become; 0: any age.
  std::chrono::seconds after = std::chrono::hours(4);
  // How long the old one may still be read, for requests that were under way.
  std::chrono::seconds overlap = std::chrono::seconds(30);
};

struct ProtectionConfig {
  LockoutConfig lockout = {};
  RenewalConfig renewal = {};
  // "fresh DURATION" or "fresh off": how long after signing in people may end all sessions, or
  // those of others, without giving their password again; 0: always.
  std::chrono::seconds fresh = std::chrono::minutes(10);
  // "admin roles ROLE...": who may see and end the sessions of others.
  std::vector<std::string> admin_roles = {"authp/admin"};
  // "hsts [DURATION]": for how long browsers shall come by https only.
  std::optional<std::chrono::seconds> hsts = {};
  // "clear_site_data on": browsers forget all they know of the site when somebody signs out.
  bool clear_site_data = false;
};

}  // namespace gatehouse
