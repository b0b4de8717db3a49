#pragma once

#include <cstdint>
#include <string>

#include "sojourn/view.h"

namespace sojourn::membership {

// Who the sender is and how it is configured: sent to every other member at the heartbeat's pace.
struct Hello {
  std::string cluster = {};
  std::string name = {};
  // What all members must agree on.
  std::uint32_t segments = 0;
  std::uint32_t copies = 0;
  // Stable hash of the configured list of members.
  std::uint64_t members_hash = 0;
  // The range of wire versions that the sender speaks.
  std::uint32_t wire_version_min = 0;
  std::uint32_t wire_version_max = 0;
  // Every call of the sender below this number has ended.
  std::uint64_t settled = 0;
  // The sender is at its memory bound: make no new sessions that it would have to hold.
  bool memory_full = false;
};

// A view that the sender asks the receiver to accept. The ballot orders the proposals of one
// proposer.
struct Propose {
  std::uint64_t ballot = 0;
  View view = {};
};

// The receiver of a proposal accepts it.
struct Accept {
  std::uint64_t ballot = 0;
};

// A view that is decided.
struct Decide {
  View view = {};
};

// Asks for the newest decided view.
struct ViewRequest {};

}  // namespace sojourn::membership
