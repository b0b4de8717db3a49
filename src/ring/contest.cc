#include "ring/contest.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/hash.h"
#include "ring/fixed_log2.h"

namespace sojourn::ring {
namespace {

// The best few of those offered, the best first. Among equals who came first is better.
class Best {
 public:
  struct Entry {
    Score score = 0;
    std::uint32_t competitor = 0;
  };

  explicit Best(std::size_t size_max) : size_max_(size_max) { entries_.reserve(size_max + 1); }

  void clear() { entries_.clear(); }

  void offer(Entry entry) {
    if (entries_.size() == size_max_) {
      if (size_max_ == 0 || entry.score <= entries_.back().score) return;
      entries_.pop_back();
    }
    auto place = entries_.end();
    while (place != entries_.begin() && (place - 1)->score < entry.score) --place;
    entries_.insert(place, entry);
  }

  std::span<const Entry> entries() const { return entries_; }

 private:
  std::size_t size_max_;
  std::vector<Entry> entries_;
};

// Shares of the segments are computed with capacities that sum up to less than 2^31, so that
// products fit; the scores see the capacities as they are.
std::vector<std::int64_t> moderate_weights(const std::vector<MemberIndex>& members,
                                           const View& view) {
  std::uint64_t sum = 0;
  for (const MemberIndex member : members) sum += view.members[member.value].capacity;
  int shift = 0;
  while (sum >> shift >= std::uint64_t{1} << 30) ++shift;

  std::vector<std::int64_t> weights;
  weights.reserve(members.size());
  for (const MemberIndex member : members) {
    weights.push_back(std::max<std::int64_t>(1, view.members[member.value].capacity >> shift));
  }
  return weights;
}

}  // namespace

Score score(std::string_view name, std::uint32_t capacity, std::uint32_t segment) {
  const std::uint64_t hash = std::max<std::uint64_t>(1, stable_hash(name, segment));
  const std::int64_t doublings_missing = (std::int64_t{64} << kLog2Bits) - fixed_log2(hash);
  return fixed_log2(capacity) - fixed_log2(static_cast<std::uint64_t>(doublings_missing));
}

Contest::Contest(const View& view) : segments_(view.segments) {
  for (std::uint32_t i = 0; i < view.members.size(); ++i) {
    const Member& member = view.members[i];
    if (member.capacity > 0 && !member.leaving) members_.push_back({i});
  }
  owners_per_segment_ = std::min<std::size_t>(view.copies, members_.size());

  form_zones(view);
  divide_segments(view);

  scores_.reserve(segments_ * members_.size());
  for (std::uint32_t segment = 0; segment < segments_; ++segment) {
    for (const MemberIndex index : members_) {
      const Member& member = view.members[index.value];
      scores_.push_back(score(member.name, member.capacity, segment));
    }
  }
}

void Contest::form_zones(const View& view) {
  const auto zone_and_name = [&](MemberIndex index) {
    const Member& member = view.members[index.value];
    return std::pair<std::string_view, std::string_view>(member.zone, member.name);
  };
  std::sort(members_.begin(), members_.end(),
            [&](MemberIndex a, MemberIndex b) { return zone_and_name(a) < zone_and_name(b); });

  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    const std::string& zone = view.members[members_[i].value].zone;
    const bool same = i > 0 && !zone.empty() && zone == view.members[members_[i - 1].value].zone;
    if (!same) zones_.push_back({i, i});
    zones_.back().end = i + 1;
  }

  for (std::size_t taken = 0; taken < owners_per_segment_;) {
    last_round_ = owners_per_segment_ - taken;
    ++rounds_;
    for (const Zone& zone : zones_) taken += zone.size() >= rounds_ ? 1 : 0;
  }
}

void Contest::divide_segments(const View& view) {
  const std::vector<std::int64_t> weights = moderate_weights(members_, view);
  const auto segments = static_cast<Amount>(segments_) * kOneSegment;

  std::vector<Sharer> zones;
  for (const Zone& zone : zones_) {
    Sharer sharer;
    for (std::uint32_t i = zone.begin; i < zone.end; ++i) sharer.weight += weights[i];
    const auto owners = [&](std::size_t rounds) {
      return static_cast<Amount>(std::min(zone.size(), rounds)) * segments;
    };
    sharer.least = rounds_ > 0 ? owners(rounds_ - 1) : 0;
    sharer.most = owners(rounds_);
    zones.push_back(sharer);
  }
  divide(segments * static_cast<Amount>(owners_per_segment_), zones);

  std::vector<Sharer> primaries;
  for (std::size_t z = 0; z < zones_.size(); ++z) {
    std::vector<Sharer> sharers;
    for (std::uint32_t i = zones_[z].begin; i < zones_[z].end; ++i) {
      sharers.push_back({.weight = weights[i], .least = 0, .most = segments, .share = 0});
    }
    primaries.insert(primaries.end(), sharers.begin(), sharers.end());
    divide(zones[z].share, sharers);
    for (const Sharer& sharer : sharers) shares_.push_back(sharer.share);
  }
  divide(owners_per_segment_ > 0 ? segments : 0, primaries);
  for (const Sharer& sharer : primaries) primary_shares_.push_back(sharer.share);
}

void Contest::choose_owners(std::span<const Score> handicaps,
                            std::span<std::uint32_t> owners) const {
  Best in_zone(rounds_);
  Best in_last_round(last_round_);
  auto out = owners.begin();
  for (std::size_t segment = 0; segment < segments_; ++segment) {
    const Score* scores = &scores_[segment * competitors()];
    in_last_round.clear();
    for (const Zone& zone : zones_) {
      in_zone.clear();
      for (std::uint32_t i = zone.begin; i < zone.end; ++i) {
        in_zone.offer({scores[i] - handicaps[i], i});
      }
      const auto best = in_zone.entries();
      for (std::size_t i = 0; i + 1 < rounds_ && i < best.size(); ++i) *out++ = best[i].competitor;
      if (best.size() == rounds_) in_last_round.offer(best.back());
    }
    for (const Best::Entry& entry : in_last_round.entries()) *out++ = entry.competitor;
  }
}

void Contest::rank_owners(std::span<const Score> handicaps, std::span<std::uint32_t> owners) const {
  for (std::size_t segment = 0; segment < segments_; ++segment) {
    const Score* scores = &scores_[segment * competitors()];
    const auto first = owners.begin() + static_cast<std::ptrdiff_t>(segment * owners_per_segment_);
    std::sort(first, first + static_cast<std::ptrdiff_t>(owners_per_segment_),
              [&](std::uint32_t a, std::uint32_t b) {
                return std::pair(handicaps[a] - scores[a], a) <
                       std::pair(handicaps[b] - scores[b], b);
              });
  }
}

}  // namespace sojourn::ring
