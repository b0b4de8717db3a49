#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace sojourn::replication {

// What readers on any thread look at beside the table. Written only by the owner of the plane.
struct Serving {
  static constexpr std::uint64_t kLost = std::uint64_t{1} << 63;

  explicit Serving(std::uint32_t segments) : epoch_of_segment(segments), promoted_at(segments) {}
  // The epoch at which this member answers for the segment; 0 if it does not. Changes whenever
  // the right to answer does. With kLost if what is absent may have been lost.
  std::vector<std::atomic<std::uint64_t>> epoch_of_segment;
  // When this member became its primary, in microseconds of its clock.
  std::vector<std::atomic<std::int64_t>> promoted_at;
  // Until when this member may answer at all.
  std::atomic<std::int64_t> lease_until{Time::min().time_since_epoch().count()};
};

}  // namespace sojourn::replication
