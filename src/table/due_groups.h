#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "session/record.h"
#include "table/tagged_set.h"
#include "table/timing_wheel.h"

namespace sojourn::table {

// When the records of one shard must be looked at. A place in a timing wheel for each of them would
// cost 16 bytes; so those whose tags begin alike, up to some sixty, share one, and are looked at
// together when the first of them ends.
//
// The groups stand in the wheel by their addresses: they must be taken out, by resize(0), before
// they or the wheel die. The table's writer only.
class DueGroups {
 public:
  struct Group {
    // First, so that the wheel's links say which group it is.
    session::Record::Links links = {};
    // When it is looked at next, if it is in the wheel, in microseconds; and whose it is.
    std::int64_t at : 53 = 0;
    std::uint64_t shard : 11 = 0;
  };
  explicit DueGroups(std::size_t shard = 0) : shard_(static_cast<std::uint32_t>(shard)) {}

  // A group for each sixty or so of so many records, each due when those were that it has from
  // others.
  void resize(TimingWheel& wheel, std::size_t records);
  // What the groups take as glibc's allocator counts.
  std::size_t bytes() const {
    return count_ == 0 ? 0 : (count_ * sizeof(Group) + 8 + 15) / 16 * 16;
  }

  // The records with that tag are to be looked at at that time, or sooner.
  void add(TimingWheel& wheel, RecordSet::Tag tag, Time time);

  // The group whose links these are.
  static const Group& linked_by(const session::Record::Links& links) {
    return reinterpret_cast<const Group&>(links);
  }
  // The tags of a group's records, from the first to the last.
  RecordSet::Tag first_tag(const Group& group) const {
    return static_cast<RecordSet::Tag>(static_cast<std::size_t>(&group - groups_.get()) * width());
  }
  RecordSet::Tag last_tag(const Group& group) const {
    return static_cast<RecordSet::Tag>(first_tag(group) + width() - 1);
  }

 private:
  static constexpr std::size_t kRecordsPerGroup = 64;
  static constexpr std::size_t kTags = std::size_t{RecordSet::kTagMax} + 1;

  // Different tags in one group. The count is a power of two.
  std::size_t width() const { return kTags / count_; }

  std::unique_ptr<Group[]> groups_;
  std::uint32_t count_ = 0;
  std::uint32_t shard_ = 0;
};

}  // namespace sojourn::table
