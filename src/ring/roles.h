#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "ring/layout.h"
#include "ring/placement.h"

namespace sojourn::ring {

// What each member is to each segment under one layout. A pure function of it, so members that
// agree on the layout agree on the roles. Immutable, and safe from any thread.
//
//   base      the members that hold the segment's full state, as the layout says
//   ideal     those that should hold it (Placement); one that is not of the base is a learner
//   writers   both together: who must acknowledge each write
//   primary   of the base the first that the placement prefers, members that leave last
class Roles {
 public:
  // The base has one entry for each segment of the view, and names members of it.
  static std::shared_ptr<const Roles> of(std::shared_ptr<const Layout> layout);

  const Layout& layout() const { return *layout_; }
  const View& view() const { return layout_->view; }
  const std::shared_ptr<const Layout>& shared_layout() const { return layout_; }

  SegmentId segment_of(std::string_view id_text) const {
    return ring::segment_of(id_text, view().segments);
  }

  // Nobody, if no member has a capacity.
  std::optional<MemberIndex> primary(SegmentId segment) const;
  // The primary first.
  const Holders& writers(SegmentId segment) const { return writers_[segment.value]; }
  const Holders& base(SegmentId segment) const { return layout_->base[segment.value]; }
  std::span<const MemberIndex> ideal(SegmentId segment) const {
    return placement_->owners(segment);
  }

  bool is_primary(MemberIndex member, SegmentId segment) const {
    return primary(segment) == member;
  }
  bool is_writer(MemberIndex member, SegmentId segment) const;
  bool is_holder(MemberIndex member, SegmentId segment) const;
  // Whether it should hold the segment and does not yet.
  bool is_learner(MemberIndex member, SegmentId segment) const;
  // Whether fewer members hold the segment than should, not counting those that leave.
  bool needs_repair(SegmentId segment) const;
  // How many do.
  std::uint32_t segments_short() const { return segments_short_; }

  // The losses that nobody has acknowledged.
  bool is_lost(SegmentId segment) const;

 private:
  explicit Roles(std::shared_ptr<const Layout> layout);

  std::shared_ptr<const Layout> layout_;
  std::shared_ptr<const Placement> placement_;
  std::vector<Holders> writers_;
  std::uint32_t segments_short_ = 0;
};

// The base of a cluster's first view: everybody holds all that it should, which is nothing yet.
std::vector<Holders> first_base(const View& view);

}  // namespace sojourn::ring
