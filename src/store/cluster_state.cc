#include "store/cluster_state.h"

#include <cstdint>
#include <utility>

namespace sojourn::store {
namespace {

SegmentState segment_state_of(const ring::Roles& roles, SegmentId segment) {
  SegmentState state = {.is_short = roles.needs_repair(segment), .is_lost = roles.is_lost(segment)};
  if (const auto owner = roles.primary(segment)) state.owner = owner->value;
  for (const MemberIndex member : roles.writers(segment)) {
    (roles.is_learner(member, segment) ? state.receivers : state.holders).push_back(member.value);
  }
  return state;
}

}  // namespace

ClusterState cluster_state_of(std::shared_ptr<const ring::Roles> roles,
                              std::vector<bool> connected) {
  ClusterState state;
  if (!roles) return state;
  state.connected = std::move(connected);
  state.segments.reserve(roles->view().segments);
  for (std::uint32_t i = 0; i < roles->view().segments; ++i) {
    state.segments.push_back(segment_state_of(*roles, SegmentId{i}));
  }
  // Shares the roles' ownership, which hold the view.
  state.view = {roles, &roles->view()};
  return state;
}

}  // namespace sojourn::store
