#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <map>
#include <vector>

#include "base/ids.h"
#include "sojourn/view.h"

namespace sojourn::ring {

// Places in a view's list of members, in ascending order.
using Holders = absl::InlinedVector<MemberIndex, 4>;

// All copies of a segment were lost.
struct Loss {
  // The epoch of the view that declared it: the segment began anew there, empty.
  std::uint64_t epoch = 0;
  // An operator has taken note: what is absent is called absent again.
  bool acknowledged = false;

  friend bool operator==(const Loss&, const Loss&) = default;
};

// What members agree on when they agree on a view: who they are, and who of them holds the full
// state of which segment. A plain value.
struct Layout {
  View view = {};
  // For each segment the members that hold its full state: its *base*. Never empty where the view
  // has a member with a capacity.
  std::vector<Holders> base = {};
  // The segments that have ever lost all copies.
  std::map<SegmentId, Loss> losses = {};

  friend bool operator==(const Layout&, const Layout&) = default;
};

}  // namespace sojourn::ring
