#include "table/due_groups.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sojourn::table {
namespace {

constexpr std::int64_t kAtMax = (std::int64_t{1} << 52) - 1;

}  // namespace

void DueGroups::resize(TimingWheel& wheel, std::size_t records) {
  const std::size_t count =
      records == 0
          ? 0
          : std::min(std::bit_ceil((records + kRecordsPerGroup - 1) / kRecordsPerGroup), kTags);
  if (count == count_) return;
  const DueGroups before = std::exchange(*this, DueGroups(shard_));
  count_ = static_cast<std::uint32_t>(count);
  if (count > 0) groups_ = std::make_unique<Group[]>(count);
  for (std::size_t i = 0; i < before.count_; ++i) {
    Group& group = before.groups_[i];
    if (!group.links.next) continue;
    TimingWheel::remove(group.links);
    if (count == 0) continue;
    const std::size_t end = before.first_tag(group) + before.width();
    for (std::size_t tag = before.first_tag(group); tag < end; tag += width()) {
      add(wheel, static_cast<RecordSet::Tag>(tag), Time(Duration(group.at)));
    }
  }
}

void DueGroups::add(TimingWheel& wheel, RecordSet::Tag tag, Time time) {
  Group& group = groups_[tag / width()];
  if (group.links.next) {
    if (Time(Duration(group.at)) <= time) return;
    TimingWheel::remove(group.links);
  }
  group.at = std::clamp(time.time_since_epoch().count(), -kAtMax, kAtMax);
  group.shard = shard_ & 0x7ff;
  wheel.add(group.links, time);
}

}  // namespace sojourn::table
