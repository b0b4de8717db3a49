#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/rules.h"
#include "base/time.h"
#include "replication/messages.h"
#include "ring/placement.h"
#include "session/record.h"
#include "sojourn/version.h"
#include "table/table.h"

namespace sojourn::replication {

// What this member holds, segment by segment: the table of sessions, a digest of each segment's
// state, and the tombstones of deletions that a late message could undo.
//
// An engine's part, but for table().find(), which is safe from any thread.
class Replica {
 public:
  Replica(std::uint32_t segments, Rules rules);

  const table::Table& table() const { return table_; }
  table::Table& table() { return table_; }

  SegmentId segment_of(std::string_view id) const {
    return ring::segment_of(id, static_cast<std::uint32_t>(segments_.size()));
  }
  SegmentId segment_of(const table::Key& key) const {
    return ring::segment_of_hash(key.hash(), static_cast<std::uint32_t>(segments_.size()));
  }

  // The record is in no table.
  void put(const session::RecordRef& record);
  // The same where the key of its id is known.
  void put(const session::RecordRef& record, const table::Key& key);
  // Puts all of these, none of whose ids is here.
  void fill(std::span<const Copy> copies);
  void erase(std::string_view id);
  // Erases, and remembers the version at which that happened.
  void bury(const std::string& id, Version version);

  // That of the session or of its tombstone; zero if there is neither.
  Version version_of(const std::string& id) const { return version_of(table::Key(id)); }
  Version version_of(const table::Key& key) const;
  // Whether `a` comes after `b`.
  bool is_newer(Version a, Version b) const;

  // Equal digests mean equal ids and versions; 0 stands for no sessions.
  std::uint64_t digest(SegmentId segment) const { return segments_[segment.value].digest; }

  // Calls visit(record, last_seen) for all sessions of the segment. Must not change anything.
  template <typename Visit>
  void for_each(SegmentId segment, Visit visit) const {
    const Hashes hashes = hashes_of(segment);
    table_.for_each(hashes.first, hashes.last, visit);
  }

  // Whether so many more sessions of the segment fit into the table as it is; and sees to it.
  bool has_room(SegmentId segment, std::size_t more) const {
    const Hashes hashes = hashes_of(segment);
    return table_.has_room(hashes.first, hashes.last, more);
  }
  void make_room(SegmentId segment, std::size_t more) {
    const Hashes hashes = hashes_of(segment);
    table_.make_room(hashes.first, hashes.last, more);
  }
  // The first and the last of the segments that share the room of that one.
  std::pair<SegmentId, SegmentId> beside(SegmentId segment) const;

  // Forgets all of the segment. Returns how many sessions those were.
  std::size_t clear(SegmentId segment);
  // Forgets its tombstones: all, or those up to a version.
  void drop_tombstones(SegmentId segment);
  void drop_tombstones(SegmentId segment, Version up_to);

  std::size_t tombstones() const { return tombstones_.size(); }

 private:
  // Those of the ids of a segment.
  struct Hashes {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  Hashes hashes_of(SegmentId segment) const {
    const int bits = std::countr_zero(segments_.size());
    const std::uint64_t first = bits == 0 ? 0 : std::uint64_t{segment.value} << (64 - bits);
    const std::uint64_t size = bits == 0 ? 0 : std::uint64_t{1} << (64 - bits);
    return {first, first + size - 1};
  }

  struct Segment {
    std::uint64_t digest = 0;
    std::map<Version, std::vector<std::string>> tombstones = {};
  };

  const Rules rules_;
  table::Table table_;
  std::vector<Segment> segments_;
  // Their versions, by session id.
  std::unordered_map<std::string, Version> tombstones_;
};

}  // namespace sojourn::replication
