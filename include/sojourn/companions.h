#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sojourn {

// What auth services keep beside their sessions, each under a name and for a limited time: values
// that are used once, counters, and the ids of tokens that were revoked. Store keeps companions by
// the same rules as sessions: on all copies, linearizable, through any member. docs/companions.md
// says what each is for.
//
// A companion is no session: no session id names it, and it is counted apart. Values, counters and
// revoked tokens have a name space each. Names, values and token ids are bytes. Whatever is secret
// of them stays so: names are never logged.
//
// Lifetimes are whole seconds, 1 s to 400 days, counted on the owner's monotonic clock like those
// of sessions: never early after a failover, but late by as long as that took.

// Bounds. A request beyond them is answered kInvalidArgument and changes nothing.
inline constexpr std::size_t kCompanionNameBytesMax = 200;
inline constexpr std::size_t kSingleUseValueBytesMax = 16 * 1024;

// Where counting ends: an addition that would go beyond is refused with kResourceExhausted.
inline constexpr std::uint64_t kCountMax = (std::uint64_t{1} << 63) - 1;

// A counter as it was when the store answered.
struct Counter {
  // What was added since the counter began; 0 if there is none.
  std::uint64_t count = 0;
  // How long it will go on from now; zero if there is none.
  std::chrono::milliseconds remaining = std::chrono::milliseconds(0);

  friend bool operator==(const Counter&, const Counter&) = default;
};

}  // namespace sojourn
