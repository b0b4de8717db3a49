#pragma once

#include <cstdint>

namespace sojourn {

// How full a member's memory is, by who is refused there for it: see docs/protocol.md, 15.1. The
// numbers stand on the wire; a higher one refuses whom the lower ones refuse, and more.
enum class MemoryLevel : std::uint8_t {
  kRoom = 0,  // nobody
  // What strangers can make, as much of it as they like: logins in progress, single-use values,
  // counters.
  kNoStrangers = 1,
  // New active sessions and revoked tokens as well.
  kNoNewcomers = 2,
};

}  // namespace sojourn
