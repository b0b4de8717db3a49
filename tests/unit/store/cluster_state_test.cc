#include "store/cluster_state.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "unit/ring/ownership.h"

namespace sojourn::store {
namespace {

using Places = std::vector<std::uint32_t>;

std::shared_ptr<const ring::Roles> roles_of(View view, std::vector<ring::Holders> base,
                                            std::map<SegmentId, ring::Loss> losses = {}) {
  return ring::Roles::of(std::make_shared<const ring::Layout>(
      ring::Layout{std::move(view), std::move(base), std::move(losses)}));
}

}  // namespace

TEST_CASE("before the first view there is nothing to tell of the cluster", "[store]") {
  const ClusterState state = cluster_state_of(nullptr, {});

  CHECK(state.view == nullptr);
  CHECK(state.segments.empty());
}

TEST_CASE("of each segment is told who owns it and who holds it", "[store]") {
  const View view = ring::view_of({.members = 3, .segments = 64});
  const auto roles = roles_of(view, ring::first_base(view));

  const ClusterState state = cluster_state_of(roles, {true, false, true});

  CHECK(*state.view == view);
  CHECK(state.connected == std::vector<bool>{true, false, true});
  REQUIRE(state.segments.size() == 64);
  for (std::uint32_t i = 0; i < 64; ++i) {
    const SegmentState& segment = state.segments[i];
    CHECK(segment.owner == roles->primary(SegmentId{i})->value);
    CHECK(segment.holders.front() == *segment.owner);
    CHECK(segment.holders.size() == view.copies);
    CHECK(segment.receivers.empty());
    CHECK_FALSE(segment.is_short);
    CHECK_FALSE(segment.is_lost);
  }
}

TEST_CASE("a member that is to hold a segment and does not yet is told as receiving it",
          "[store]") {
  const View view = ring::view_of({.members = 2, .segments = 4});
  // The first holds everything, and the second is new.
  const auto roles =
      roles_of(view, std::vector<ring::Holders>(4, {MemberIndex{0}}), {{SegmentId{3}, {}}});

  const ClusterState state = cluster_state_of(roles, {true, true});

  for (const SegmentState& segment : state.segments) {
    CHECK(segment.owner == 0);
    CHECK(segment.holders == Places{0});
    CHECK(segment.receivers == Places{1});
    CHECK(segment.is_short);
  }
  CHECK(state.segments[3].is_lost);
  CHECK_FALSE(state.segments[2].is_lost);
}

}  // namespace sojourn::store
