#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace sojourn::table {

// How large the table's sets of pointers are made. Decided here and not by absl, whose growth
// depends on addresses, so that what a table takes depends only on the calls that were made.

// The least room of a set that has any. Below 16 slots absl counts differently.
inline constexpr std::size_t kRoomMin = 14;

// What a set of `size` entries gets: half as much again before it is made anew, and 7/8 of a power
// of two, which absl rounds up to anyway.
inline std::size_t room_for(std::size_t size) {
  if (size == 0) return 0;
  return std::max(kRoomMin, 7 * std::bit_ceil((size + size / 2 + 6) / 7));
}

// What absl and glibc make of it: a control byte and a pointer a slot, some more control bytes, and
// 8 bytes of the allocator's own before the block, which it rounds to 16.
inline std::size_t set_bytes(std::size_t room) {
  if (room == 0) return 0;
  const std::size_t slots = room / 7 * 8;
  return (slots * (1 + sizeof(void*)) + 16 + 15) / 16 * 16;
}

}  // namespace sojourn::table
