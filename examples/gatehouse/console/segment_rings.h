#pragma once

#include <sojourn/cluster_state.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gatehouse {

// A run of segments with something in common, as a part of a ring.
struct RingArc {
  enum class Kind { kHeld, kReceiving, kMissing, kLost };

  Kind kind = Kind::kHeld;
  // Who holds or receives them: the place in View::members. Nobody of those that are missing.
  std::optional<std::uint32_t> member = {};
  std::uint64_t segments = 0;

  friend bool operator==(const RingArc&, const RingArc&) = default;
};

// All segments once around.
using Ring = std::vector<RingArc>;

// Who holds which part of the id space: one ring for each copy, at most three. The outermost, which
// comes first, says who answers; the next who holds the copies of those segments, and so on.
//
// Segments lie on the ring in the order of who holds them, not of their numbers: placement scatters
// them, and a ring in that order would be a blur.
std::vector<Ring> segment_rings(const sojourn::ClusterState& state);

}  // namespace gatehouse
