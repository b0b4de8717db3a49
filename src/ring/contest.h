#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "ring/shares.h"
#include "sojourn/view.h"

namespace sojourn::ring {

// How much a member wants a segment, in units of 2^-32.
using Score = std::int64_t;

// Weighted rendezvous hashing: were each segment owned by the member with the highest score,
// members would own segments in proportion to their capacities on average, and a member that comes
// or goes would change nobody else's score. It is the logarithm of capacity / -log2(hash / 2^64).
// The capacity is not 0.
Score score(std::string_view name, std::uint32_t capacity, std::uint32_t segment);

// For each segment the members compete to be its owners: by their scores, each member's lessened by
// a handicap of its own, and by the rule that copies are spread over zones.
class Contest {
 public:
  // The competitors are the view's members with a capacity that do not leave. Competitor and
  // segment are numbers from 0; the order of the view's list has no influence on them.
  explicit Contest(const View& view);

  std::size_t competitors() const { return members_.size(); }
  std::size_t owners_per_segment() const { return owners_per_segment_; }
  MemberIndex member(std::size_t competitor) const { return members_[competitor]; }

  // What each competitor should own, of all copies and of the primary ones.
  std::span<const Amount> shares() const { return shares_; }
  std::span<const Amount> primary_shares() const { return primary_shares_; }

  // Puts the owners of all segments into `owners`, owners_per_segment() for each, in any order.
  void choose_owners(std::span<const Score> handicaps, std::span<std::uint32_t> owners) const;

  // Orders the owners of each segment by their scores less other handicaps, the best first.
  void rank_owners(std::span<const Score> handicaps, std::span<std::uint32_t> owners) const;

 private:
  // The members of one zone are neighbours among the competitors. A member without a zone is in one
  // of its own.
  struct Zone {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    std::size_t size() const { return end - begin; }
  };

  void form_zones(const View& view);
  void divide_segments(const View& view);

  std::size_t segments_ = 0;
  std::size_t owners_per_segment_ = 0;
  std::vector<MemberIndex> members_;
  std::vector<Zone> zones_;
  // Zones give their owners of a segment in rounds, one each that has a member left, until there
  // are enough: with as many zones as copies in a single round. In the last only so many of them
  // do.
  std::size_t rounds_ = 0;
  std::size_t last_round_ = 0;
  std::vector<Amount> shares_;
  std::vector<Amount> primary_shares_;
  std::vector<Score> scores_;  // segment by segment
};

}  // namespace sojourn::ring
