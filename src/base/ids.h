#pragma once

#include <compare>
#include <cstdint>

namespace sojourn {

// A part of the id space. Below the view's number of segments.
struct SegmentId {
  std::uint32_t value = 0;

  friend constexpr auto operator<=>(const SegmentId&, const SegmentId&) = default;
};

// A member's place in its view's list of members.
struct MemberIndex {
  std::uint32_t value = 0;

  friend constexpr auto operator<=>(const MemberIndex&, const MemberIndex&) = default;
};

// One start of one process: random, so that a restarted member is never taken for the one before.
// Zero is nobody.
struct Incarnation {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(const Incarnation&, const Incarnation&) = default;
};

// One call of one incarnation. It names the operation on every member it touches, so that a
// repeated message takes effect once. Numbers of one incarnation only grow.
struct OperationId {
  Incarnation caller = {};
  std::uint64_t number = 0;

  friend constexpr auto operator<=>(const OperationId&, const OperationId&) = default;
};

}  // namespace sojourn
