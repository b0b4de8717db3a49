#pragma once

namespace sojourn {

// Fetches the cache line of that address, for reading soon. The address need not be one.
//
// The empty statement keeps it: GCC takes a function that does nothing but fetch for one without
// effect, and leaves out the calls of it.
[[gnu::always_inline]] inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  asm volatile("");
}

}  // namespace sojourn
