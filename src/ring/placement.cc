#include "ring/placement.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "base/hash.h"
#include "ring/contest.h"
#include "ring/fixed_log2.h"

namespace sojourn::ring {
namespace {

// A member's load may differ from its share by a tenth of it, or by one segment if that is more.
// Within that its handicap is left alone: handicaps that differ between two views move segments
// that need not move, and may make a primary of a member that does not hold the segment yet. Five
// equal members with 4096 segments hardly ever have any, and then this is plain rendezvous hashing.
constexpr Amount kTolerance = 10;

// A hundred members take about ten rounds, a few segments for many members some more. Where zones
// make a share unreachable it ends here, with the loads as they are.
constexpr int kRoundsMax = 64;

// Moves the handicap of each member whose load is too far from its share. False if none is.
bool adjust(std::span<Score> handicaps, std::span<const Amount> shares,
            std::span<const std::uint32_t> loads, int round) {
  bool adjusted = false;
  for (std::size_t i = 0; i < handicaps.size(); ++i) {
    const Amount tolerance = std::max(shares[i] / kTolerance, kOneSegment);
    const Amount most = shares[i] + tolerance;
    const Amount least = shares[i] - tolerance;
    const Amount load = loads[i] * kOneSegment;
    const bool too_much = load >= most + kOneSegment;
    const bool too_little = load <= least - kOneSegment;
    if (!too_much && !too_little) continue;

    // Loads go roughly with 2^-handicap. Aim between the share and the limit, and go three quarters
    // of the way, less in later rounds: the others' handicaps move as well.
    const Amount aim = (shares[i] + (too_much ? most : least)) / 2;
    const Score way = fixed_log2(static_cast<std::uint64_t>(load + kOneSegment / 2)) -
                      fixed_log2(static_cast<std::uint64_t>(aim + kOneSegment / 2));
    handicaps[i] += way * 12 / (16 + round);
    adjusted = true;
  }
  return adjusted;
}

}  // namespace

SegmentId segment_of(std::string_view id_text, std::uint32_t segments) {
  return segment_of_hash(stable_hash(id_text), segments);
}

std::shared_ptr<const Placement> Placement::of(std::shared_ptr<const View> view) {
  return std::shared_ptr<const Placement>(new Placement(std::move(view)));
}

Placement::Placement(std::shared_ptr<const View> view) : view_(std::move(view)) {
  assert(std::has_single_bit(view_->segments) && view_->segments <= kSegmentsMax);
  const Contest contest(*view_);
  owners_per_segment_ = contest.owners_per_segment();
  if (owners_per_segment_ > 0) hold(contest);
  add_leaving();
}

void Placement::hold(const Contest& contest) {
  std::vector<std::uint32_t> owners(view_->segments * owners_per_segment_);
  std::vector<std::uint32_t> loads(contest.competitors());

  // First who owns: all copies count, and moving one costs a transfer.
  std::vector<Score> handicaps(contest.competitors());
  for (int round = 0; round < kRoundsMax; ++round) {
    contest.choose_owners(handicaps, owners);
    loads.assign(loads.size(), 0);
    for (const std::uint32_t owner : owners) ++loads[owner];
    if (!adjust(handicaps, contest.shares(), loads, round)) break;
  }

  // Then who of them is the primary, from handicaps of nought again: shares of primaries follow the
  // capacities strictly, while shares of copies are limited by the rule that copies are on
  // different members.
  std::vector<Score> primary_handicaps(contest.competitors());
  for (int round = 0; round < kRoundsMax; ++round) {
    contest.rank_owners(primary_handicaps, owners);
    loads.assign(loads.size(), 0);
    for (std::size_t i = 0; i < owners.size(); i += owners_per_segment_) ++loads[owners[i]];
    if (!adjust(primary_handicaps, contest.primary_shares(), loads, round)) break;
  }

  owners_.reserve(owners.size());
  for (const std::uint32_t owner : owners) owners_.push_back(contest.member(owner));
}

// Where too few members stay, those that leave fill up, by their scores.
void Placement::add_leaving() {
  std::vector<MemberIndex> leaving;
  for (std::uint32_t i = 0; i < view_->members.size(); ++i) {
    const Member& member = view_->members[i];
    if (member.capacity > 0 && member.leaving) leaving.push_back({i});
  }
  const std::size_t missing = view_->copies - owners_per_segment_;
  const std::size_t added = std::min(missing, leaving.size());
  if (added == 0) return;

  std::vector<MemberIndex> owners;
  owners.reserve(view_->segments * (owners_per_segment_ + added));
  for (std::uint32_t segment = 0; segment < view_->segments; ++segment) {
    const auto first = owners_.begin() + static_cast<std::ptrdiff_t>(segment * owners_per_segment_);
    owners.insert(owners.end(), first, first + static_cast<std::ptrdiff_t>(owners_per_segment_));
    const auto rank = [&](MemberIndex index) {
      const Member& member = view_->members[index.value];
      return std::pair(-score(member.name, member.capacity, segment),
                       std::string_view(member.name));
    };
    std::sort(leaving.begin(), leaving.end(),
              [&](MemberIndex a, MemberIndex b) { return rank(a) < rank(b); });
    owners.insert(owners.end(), leaving.begin(),
                  leaving.begin() + static_cast<std::ptrdiff_t>(added));
  }
  owners_ = std::move(owners);
  owners_per_segment_ += added;
}

SegmentId Placement::segment_of(std::string_view id_text) const {
  return ring::segment_of(id_text, view_->segments);
}

std::span<const MemberIndex> Placement::owners(SegmentId segment) const {
  assert(segment.value < view_->segments);
  return {owners_.data() + segment.value * owners_per_segment_, owners_per_segment_};
}

MemberIndex Placement::primary(SegmentId segment) const { return owners(segment).front(); }

}  // namespace sojourn::ring
