#include "table/due_groups.h"

#include <chrono>

#include "support/catch.h"

namespace sojourn::table {
namespace {

using namespace std::chrono_literals;

constexpr Time kLater{1h};

// Whether the next group that comes up by then has that tag.
bool comes_up(TimingWheel& wheel, const DueGroups& groups, Time now, RecordSet::Tag tag) {
  const TimingWheel::Links* links = wheel.take_due_links(now);
  if (!links) return false;
  const DueGroups::Group& group = DueGroups::linked_by(*links);
  return groups.first_tag(group) <= tag && tag <= groups.last_tag(group);
}

TEST_CASE("groups without room cost nothing", "[table]") {
  TimingWheel wheel;
  DueGroups groups;
  groups.resize(wheel, 100);
  CHECK(groups.bytes() > 0);

  groups.resize(wheel, 0);

  CHECK(groups.bytes() == 0);
}

TEST_CASE("a group comes up when the first of its records ends", "[table]") {
  TimingWheel wheel;
  DueGroups groups(7);
  groups.resize(wheel, 10);
  groups.add(wheel, 1, kLater);
  groups.add(wheel, RecordSet::kTagMax, Time(2s));
  groups.add(wheel, 30000, Time(3s));

  CHECK(wheel.next_due() < Time(3s));
  const TimingWheel::Links* links = wheel.take_due_links(Time(3s));
  REQUIRE(links);
  CHECK(DueGroups::linked_by(*links).shard == 7);
  CHECK_FALSE(wheel.next_due());
}

TEST_CASE("groups that are made anew lose no time that one of them had", "[table]") {
  const std::size_t before = GENERATE(64, 1000, 100'000, 10'000'000);
  const std::size_t after = GENERATE(64, 1000, 100'000, 10'000'000);
  CAPTURE(before, after);
  const RecordSet::Tag tag = GENERATE(as<RecordSet::Tag>(), 0, 12345, 65535, RecordSet::kTagMax);
  TimingWheel wheel;
  DueGroups groups;
  groups.resize(wheel, before);
  groups.add(wheel, tag, Time(2s));

  groups.resize(wheel, after);

  bool came_up = false;
  while (wheel.next_due()) came_up |= comes_up(wheel, groups, *wheel.next_due(), tag);
  CHECK(came_up);
}

}  // namespace
}  // namespace sojourn::table
