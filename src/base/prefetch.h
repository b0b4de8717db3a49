#pragma once

#include <cstddef>

namespace sojourn {

inline constexpr std::size_t kCacheLine = 64;

// Fetches the cache line of that address, for reading soon. The address need not be one.
//
// The empty statement keeps it: GCC takes a function that does nothing but fetch for one without
// effect, and leaves out the calls of it.
[[gnu::always_inline]] inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

// The same for so many lines, the first of which has that address.
inline void prefetch_lines(const void* address, std::size_t lines) {
  for (std::size_t line = 0; line < lines; ++line) {
    prefetch(static_cast<const char*>(address) + line * kCacheLine);
  }
}

}  // namespace sojourn
