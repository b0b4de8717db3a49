#include "table/timing_wheel.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <vector>

#include "base/random.h"
#include "support/catch.h"

namespace sojourn::table {
namespace {

using namespace std::chrono_literals;
using session::Record;
using session::RecordRef;

constexpr Duration kTick = TimingWheel::kTick;
constexpr Time kNow = Time() + 1000 * kTick;

RecordRef make_record() { return Record::make({.id = "a"}); }

// What the wheel gives at `now`, filed nowhere any more.
std::vector<const Record*> take_all(TimingWheel& wheel, Time now) {
  std::vector<const Record*> taken;
  while (const Record* record = wheel.take_due(now)) taken.push_back(record);
  return taken;
}

// Goes from one due time to the next and files the record again until its time has come. Returns
// when that was, and counts how often the record was looked at.
Time wait_for(TimingWheel& wheel, const Record& record, Time time, int& looks) {
  while (true) {
    const Time now = wheel.next_due().value();
    const Record* taken = wheel.take_due(now);
    if (!taken) continue;
    CHECK(taken == &record);
    ++looks;
    if (time <= now) return now;
    wheel.add(record, time);
  }
}

TEST_CASE("a wheel with nothing in it has nothing due", "[table]") {
  TimingWheel wheel;

  CHECK_FALSE(wheel.next_due());
  CHECK(wheel.take_due(kNow) == nullptr);
  CHECK_FALSE(wheel.next_due());
}

TEST_CASE("a record comes up within a tick of its time, however far that is", "[table]") {
  const Duration ahead =
      GENERATE(as<Duration>(), 1us, kTick - 1us, kTick, kTick + 1us, 1s, 63 * kTick, 64 * kTick,
               65 * kTick, 1min, 30min, 4095 * kTick, 4096 * kTick, 12h, 262'143 * kTick,
               262'144 * kTick, 24h, 24h * 30, 24h * 400);
  const Duration offset = GENERATE(as<Duration>(), 0us, 1us, 131'072us, 63 * kTick, 4095 * kTick);
  CAPTURE(ahead.count(), offset.count());
  TimingWheel wheel;
  const RecordRef record = make_record();
  wheel.take_due(kNow + offset);
  const Time time = kNow + offset + ahead;

  wheel.add(*record, time);
  int looks = 0;
  const Time taken_at = wait_for(wheel, *record, time, looks);

  CHECK(taken_at >= time);
  CHECK(taken_at < time + kTick);
  CHECK(looks <= 5);
  CHECK_FALSE(wheel.next_due());
}

TEST_CASE("a record whose time has passed comes up at the next tick", "[table]") {
  const Time time = GENERATE(Time::min(), Time(), kNow - 24h, kNow);
  TimingWheel wheel;
  const RecordRef record = make_record();
  wheel.take_due(kNow);

  wheel.add(*record, time);

  CHECK(wheel.next_due() == kNow + kTick);
  CHECK(take_all(wheel, kNow + kTick - 1us).empty());
  CHECK(take_all(wheel, kNow + kTick) == std::vector{record.get()});
}

TEST_CASE("a record beyond the reach of the wheel comes up early rather than never", "[table]") {
  TimingWheel wheel;
  const RecordRef record = make_record();

  wheel.add(*record, Time::max());

  CHECK(wheel.next_due() < Time() + 24h * 366 * 9);
  CHECK(take_all(wheel, *wheel.next_due()) == std::vector{record.get()});
}

TEST_CASE("removed records do not come up", "[table]") {
  TimingWheel wheel;
  const std::vector<RecordRef> records = {make_record(), make_record(), make_record()};
  for (const RecordRef& record : records) wheel.add(*record, kNow);
  const std::size_t removed = GENERATE(0, 1, 2);

  TimingWheel::remove(*records[removed]);

  const std::vector<const Record*> taken = take_all(wheel, kNow);
  CHECK(taken.size() == 2);
  CHECK(std::ranges::count(taken, records[removed].get()) == 0);
}

TEST_CASE("a record may be removed when its slot has come up already", "[table]") {
  TimingWheel wheel;
  const std::vector<RecordRef> records = {make_record(), make_record(), make_record()};
  for (const RecordRef& record : records) wheel.add(*record, kNow);
  const Record* first = wheel.take_due(kNow);
  const auto other =
      std::ranges::find_if(records, [&](const RecordRef& record) { return record.get() != first; });

  TimingWheel::remove(**other);

  CHECK(wheel.next_due() == kNow);
  CHECK(take_all(wheel, kNow).size() == 1);
  CHECK_FALSE(wheel.next_due());
}

TEST_CASE("removing a record that is in no list does nothing", "[table]") {
  const RecordRef record = make_record();
  TimingWheel::remove(*record);

  TimingWheel wheel;
  wheel.add(*record, kNow);
  TimingWheel::remove(*record);
  TimingWheel::remove(*record);

  CHECK_FALSE(wheel.next_due());
  CHECK(take_all(wheel, kNow).empty());
}

TEST_CASE("nothing is passed over by a great leap of time", "[table]") {
  TimingWheel wheel;
  std::vector<RecordRef> records;
  for (const Duration ahead : {Duration(1s), Duration(1min), Duration(1h), Duration(24h * 300)}) {
    records.push_back(make_record());
    wheel.add(*records.back(), kNow + ahead);
  }

  CHECK(take_all(wheel, kNow + 24h * 365).size() == records.size());
}

TEST_CASE("what was not taken yet stays due", "[table]") {
  TimingWheel wheel;
  const std::vector<RecordRef> records = {make_record(), make_record(), make_record()};
  for (const RecordRef& record : records) wheel.add(*record, kNow);

  CHECK(wheel.take_due(kNow));

  CHECK(wheel.next_due() == kNow);
  CHECK(take_all(wheel, kNow + 1h).size() == 2);
}

TEST_CASE("a record filed while others are still due comes up after its own time", "[table]") {
  TimingWheel wheel;
  const RecordRef late = make_record();
  const RecordRef waiting = make_record();
  wheel.add(*late, kNow);
  wheel.add(*waiting, kNow);
  const Time now = kNow + 1h;

  const Record* taken = wheel.take_due(now);
  wheel.add(*taken, now + 1s);

  CHECK(take_all(wheel, now).size() == 1);
  CHECK(take_all(wheel, now + 1s - kTick).empty());
  CHECK(take_all(wheel, now + 1s + kTick) == std::vector{taken});
}

// Against the plainest of models: a list of times.
TEST_CASE("after any operations the wheel gives what is due and nothing twice", "[table]") {
  SeededRandom random(20260101);
  std::vector<RecordRef> records;
  for (int i = 0; i < 200; ++i) records.push_back(make_record());
  TimingWheel wheel;
  std::map<const Record*, Time> filed;
  Time now = kNow;

  for (int step = 0; step < 100'000; ++step) {
    const Record* record = records[random.below(records.size())].get();
    const Duration ahead(random.below(std::uint64_t{1} << random.below(46)));
    if (random.one_in(3)) {
      now += ahead / 16;
      std::size_t taken = 0;
      while (const Record* due = wheel.take_due(now)) {
        REQUIRE(filed.contains(due));
        ++taken;
        if (filed[due] > now) {
          wheel.add(*due, filed[due]);
        } else {
          filed.erase(due);
        }
        REQUIRE(taken <= records.size());
      }
      const auto overdue = [&](const auto& entry) { return entry.second <= now - kTick; };
      REQUIRE(std::ranges::none_of(filed, overdue));
      REQUIRE(wheel.next_due().has_value() == !filed.empty());
      REQUIRE(wheel.next_due().value_or(Time::max()) > now);
    } else if (filed.contains(record)) {
      TimingWheel::remove(*record);
      filed.erase(record);
    } else {
      wheel.add(*record, now + ahead);
      filed[record] = now + ahead;
    }
  }
  for (const auto& [record, time] : filed) TimingWheel::remove(*record);
}

}  // namespace
}  // namespace sojourn::table
