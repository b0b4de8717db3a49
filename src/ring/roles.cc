#include "ring/roles.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "ring/contest.h"

namespace sojourn::ring {
namespace {

template <typename Range>
bool contains(const Range& members, MemberIndex member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

}  // namespace

std::shared_ptr<const Roles> Roles::of(std::shared_ptr<const Layout> layout) {
  return std::shared_ptr<const Roles>(new Roles(std::move(layout)));
}

Roles::Roles(std::shared_ptr<const Layout> layout)
    : layout_(std::move(layout)),
      placement_(Placement::of(std::shared_ptr<const View>(layout_, &layout_->view))),
      writers_(layout_->base.size()) {
  assert(layout_->base.size() == view().segments);
  const std::vector<Member>& members = view().members;
  for (std::uint32_t i = 0; i < view().segments; ++i) {
    const SegmentId segment{i};
    const std::span<const MemberIndex> ideal = placement_->owners(segment);
    // Those that stay before those that leave; the ideal owners in their order, then the others by
    // their scores.
    const auto rank = [&](MemberIndex index) {
      const Member& member = members[index.value];
      const auto place = std::find(ideal.begin(), ideal.end(), index) - ideal.begin();
      return std::tuple(member.leaving, place,
                        -score(member.name, std::max(1u, member.capacity), i), index);
    };
    Holders& writers = writers_[i];
    writers = base(segment);
    std::sort(writers.begin(), writers.end(),
              [&](MemberIndex a, MemberIndex b) { return rank(a) < rank(b); });
    for (const MemberIndex member : ideal) {
      if (!contains(writers, member)) writers.push_back(member);
    }
    if (needs_repair(segment)) ++segments_short_;
  }
}

std::optional<MemberIndex> Roles::primary(SegmentId segment) const {
  const Holders& writers = writers_[segment.value];
  if (writers.empty()) return std::nullopt;
  return writers.front();
}

bool Roles::is_writer(MemberIndex member, SegmentId segment) const {
  return contains(writers(segment), member);
}

bool Roles::is_holder(MemberIndex member, SegmentId segment) const {
  return contains(base(segment), member);
}

bool Roles::is_learner(MemberIndex member, SegmentId segment) const {
  return contains(ideal(segment), member) && !is_holder(member, segment);
}

bool Roles::needs_repair(SegmentId segment) const {
  const auto staying =
      std::count_if(base(segment).begin(), base(segment).end(),
                    [&](MemberIndex member) { return !view().members[member.value].leaving; });
  return static_cast<std::size_t>(staying) < ideal(segment).size();
}

bool Roles::is_lost(SegmentId segment) const {
  const auto loss = layout_->losses.find(segment);
  return loss != layout_->losses.end() && !loss->second.acknowledged;
}

std::vector<Holders> first_base(const View& view) {
  const auto placement = Placement::of(std::make_shared<const View>(view));
  std::vector<Holders> base(view.segments);
  for (std::uint32_t i = 0; i < view.segments; ++i) {
    const std::span<const MemberIndex> owners = placement->owners({i});
    base[i].assign(owners.begin(), owners.end());
    std::sort(base[i].begin(), base[i].end());
  }
  return base;
}

}  // namespace sojourn::ring
