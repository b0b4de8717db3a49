#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace sojourn::wire {

// What a cluster may have at most, as far as it stands in messages.

inline constexpr std::size_t kMembersMax = 1024;
inline constexpr std::uint32_t kSegmentsMax = 65536;
inline constexpr std::uint32_t kCopiesMax = 5;
inline constexpr std::uint32_t kCapacityMax = 1000;

// Of a cluster, a member or a zone.
inline constexpr std::size_t kNameBytesMax = 32;

// A host name of 253 characters, or an IPv6 address in brackets, and a port.
inline constexpr std::size_t kAddressBytesMax = 262;

// More is sent as this much.
inline constexpr Duration kLeaseMax = std::chrono::hours(24);
inline constexpr Duration kUptimeMax = std::chrono::hours(24 * 365 * 100);

}  // namespace sojourn::wire
