#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "sojourn/view.h"

namespace sojourn::ring {

class Contest;

// The number of segments is a power of two from 1 to this.
inline constexpr std::uint32_t kSegmentsMax = 65536;

// The segment of an id, of so many segments. Depends on nothing else, so it holds in every view of
// a cluster.
SegmentId segment_of(std::string_view id_text, std::uint32_t segments);
// Of an id with that stable_hash().
inline SegmentId segment_of_hash(std::uint64_t hash, std::uint32_t segments) {
  assert(std::has_single_bit(segments) && segments <= kSegmentsMax);
  const int bits = std::countr_zero(segments);
  // In two steps, since one segment would need a shift by all 64 bits.
  return {static_cast<std::uint32_t>((hash >> 1) >> (63 - bits))};
}

// Which members of a view own each segment.
//
// A pure function of the members' names, capacities and zones, of who is leaving, and of the
// numbers of segments and copies: members that agree on a view agree on its owners without a word,
// whatever came before, and a restarted member takes its old place. All members of a cluster must
// therefore run the same function: changing it is changing the protocol
// (docs/decisions/0002-placement.md). Immutable, so it is safe from any thread.
class Placement {
 public:
  // The view's members may come in any order; each name comes once.
  static std::shared_ptr<const Placement> of(std::shared_ptr<const View> view);

  const View& view() const { return *view_; }

  SegmentId segment_of(std::string_view id_text) const;

  // The members that hold the segment, as places in view().members: the primary first, then the
  // backups. All different, and as many for each segment: view().copies, or all members with a
  // capacity if these are fewer; none if there is no such member. Members that leave come last, and
  // only where too few others are there. The span lives as long as the placement.
  std::span<const MemberIndex> owners(SegmentId segment) const;

  // The first owner. Only for a view that has a member with a capacity.
  MemberIndex primary(SegmentId segment) const;

 private:
  explicit Placement(std::shared_ptr<const View> view);
  void hold(const Contest& contest);
  void add_leaving();

  std::shared_ptr<const View> view_;
  std::size_t owners_per_segment_ = 0;
  std::vector<MemberIndex> owners_;  // segment by segment
};

}  // namespace sojourn::ring
