#pragma once

#include <cstdint>
#include <span>

namespace sojourn::ring {

// Amounts of segments, in 1/256 of one, so that members that should own less than a segment can be
// told apart.
using Amount = std::int64_t;
inline constexpr Amount kOneSegment = 256;

// One of those that divide something between them.
struct Sharer {
  std::int64_t weight = 0;  // below 2^32, and positive for at least one
  Amount least = 0;
  Amount most = 0;
  Amount share = 0;  // the result
};

// Gives each a share of `total` in proportion to its weight, but at least `least` and at most
// `most`; what the limits take or leave is divided among the others in the same way. `total` lies
// between the sums of the limits.
void divide(Amount total, std::span<Sharer> sharers);

}  // namespace sojourn::ring
