#include "gatehouse/console/segment_rings.h"

#include <algorithm>
#include <array>
#include <map>

namespace gatehouse {
namespace {

using sojourn::SegmentState;
using Kind = RingArc::Kind;

constexpr std::size_t kRingsMax = 3;

// Who has a segment, ring by ring; what is missing comes last.
struct Stripe {
  Kind kind = Kind::kMissing;
  std::uint32_t member = 0xffffffff;

  friend bool operator==(const Stripe&, const Stripe&) = default;
};
using Stripes = std::array<Stripe, kRingsMax>;

Stripes stripes_of(const SegmentState& segment, std::size_t rings) {
  Stripes stripes;
  std::size_t at = 0;
  const auto add = [&](Kind kind, std::uint32_t member) {
    if (at < rings) stripes[at++] = {kind, member};
  };
  if (segment.owner) add(segment.is_lost ? Kind::kLost : Kind::kHeld, *segment.owner);
  for (const std::uint32_t holder : segment.holders) {
    if (holder != segment.owner) add(Kind::kHeld, holder);
  }
  for (const std::uint32_t receiver : segment.receivers) add(Kind::kReceiving, receiver);
  return stripes;
}

// Members in their order, and of one what it holds before what it receives.
bool comes_before(const Stripes& a, const Stripes& b) {
  return std::ranges::lexicographical_compare(a, b, [](const Stripe& left, const Stripe& right) {
    return std::pair(left.member, left.kind) < std::pair(right.member, right.kind);
  });
}

}  // namespace

std::vector<Ring> segment_rings(const sojourn::ClusterState& state) {
  if (!state.view || state.segments.empty()) return {};
  const std::size_t copies = std::min<std::size_t>(state.view->copies, state.view->members.size());
  const std::size_t rings = std::clamp<std::size_t>(copies, 1, kRingsMax);
  std::map<Stripes, std::uint64_t, decltype(&comes_before)> counts(&comes_before);
  for (const SegmentState& segment : state.segments) ++counts[stripes_of(segment, rings)];

  std::vector<Ring> drawn(rings);
  const Stripes* before = nullptr;
  for (const auto& [stripes, count] : counts) {
    bool goes_on = before != nullptr;
    for (std::size_t i = 0; i < rings; ++i) {
      // A run ends where that of the ring around it does.
      goes_on = goes_on && (*before)[i] == stripes[i];
      if (goes_on) {
        drawn[i].back().segments += count;
        continue;
      }
      RingArc arc = {.kind = stripes[i].kind, .segments = count};
      if (arc.kind != Kind::kMissing) arc.member = stripes[i].member;
      drawn[i].push_back(arc);
    }
    before = &stripes;
  }
  return drawn;
}

}  // namespace gatehouse
