#pragma once

#include <compare>
#include <cstdint>

namespace sojourn {

// When a session was last changed, in the order of its changes: the epoch of the view in which the
// owner accepted the write, then the number of the write within the session's segment and epoch.
// Newer changes of one session always compare greater. A plain value.
struct Version {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

}  // namespace sojourn
