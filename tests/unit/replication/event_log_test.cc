#include "replication/event_log.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::replication {
namespace {

constexpr SegmentId kSegment{3};
constexpr Version kAll{9, 0};

Event event(std::uint64_t number, std::string id = "a") {
  return {
      .cause = Cause::kChanged, .number = {1, number}, .id = std::move(id), .version = {1, number}};
}

std::vector<std::uint64_t> numbers_of(const std::vector<Event>& events) {
  std::vector<std::uint64_t> numbers;
  for (const Event& one : events) numbers.push_back(one.number.sequence);
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST_CASE("events are offered in the order of their numbers, each once", "[events]") {
  EventLog log(10);
  for (const std::uint64_t number : {2, 1, 3}) log.keep(kSegment, event(number), 1);

  CHECK(numbers_of(log.offer(kSegment, {1, 3})) == Numbers{1, 2});
  CHECK(numbers_of(log.offer(kSegment, kAll)) == Numbers{3});
  CHECK(log.offer(kSegment, kAll).empty());
  CHECK(log.offer({4}, kAll).empty());
}

TEST_CASE("an event is kept until it and all before it are delivered", "[events]") {
  EventLog log(10);
  for (const std::uint64_t number : {1, 2, 3}) log.keep(kSegment, event(number), 1);
  log.offer(kSegment, kAll);

  log.delivered(kSegment, {1, 2});
  CHECK(log.first(kSegment) == Version{1, 1});
  CHECK(numbers_of(log.copies(kSegment)) == Numbers{1, 3});
  log.delivered(kSegment, {1, 1});
  CHECK(log.first(kSegment) == Version{1, 3});
  log.delivered(kSegment, {1, 3});
  CHECK(log.size() == 0);
  CHECK_FALSE(log.first(kSegment));
}

TEST_CASE("what is recalled is offered again, but for what was delivered", "[events]") {
  EventLog log(10);
  for (const std::uint64_t number : {1, 2, 3}) log.keep(kSegment, event(number), 1);
  log.offer(kSegment, kAll);
  log.delivered(kSegment, {1, 2});

  log.recall();

  CHECK(numbers_of(log.offer(kSegment, kAll)) == Numbers{1, 3});
}

TEST_CASE("a backup keeps what is not said to be delivered", "[events]") {
  EventLog log(10);
  for (const std::uint64_t number : {1, 2, 3}) log.keep(kSegment, event(number), 1);

  log.drop_below(kSegment, {1, 3});

  CHECK(numbers_of(log.copies(kSegment)) == Numbers{3});
}

TEST_CASE("an event that is heard of twice is one, as it was said last", "[events]") {
  EventLog log(10);
  Event renumbered = event(1);
  log.keep(kSegment, renumbered, 1);
  renumbered.version = {2, 1};
  log.keep(kSegment, renumbered, 2);

  CHECK(log.copies(kSegment) == std::vector{renumbered});
}

TEST_CASE("the primary's events replace those of earlier epochs and no others", "[events]") {
  EventLog log(10);
  log.keep(kSegment, event(1, "never answered"), 1);
  log.keep(kSegment, event(2, "known"), 1);
  log.keep(kSegment, event(4, "new"), 2);

  log.replace(kSegment, {event(2, "known"), event(3, "missing")}, 2);

  std::vector<std::string> ids;
  for (const Event& copy : log.copies(kSegment)) ids.push_back(copy.id);
  CHECK(ids == std::vector<std::string>{"known", "missing", "new"});
  log.replace(kSegment, {}, 3);
  CHECK(log.size() == 0);
}

TEST_CASE("beyond the bound the oldest are counted as missed, in their place", "[events]") {
  EventLog log(3);
  for (std::uint64_t number = 1; number <= 8; ++number) log.keep(kSegment, event(number), 1);

  const std::vector<Event> offered = log.offer(kSegment, kAll);

  CHECK(log.size() <= 4);
  REQUIRE(offered.front().cause == Cause::kMissed);
  CHECK(offered.front().missed + offered.size() - 1 == 8);
  CHECK(offered.back() == event(8));
  CHECK(offered.front().number < offered[1].number);
}

TEST_CASE("each segment counts for itself what it missed, and takes the place of one event",
          "[events]") {
  EventLog log(2);
  for (std::uint32_t segment = 0; segment < 100; ++segment) {
    for (std::uint64_t number = 1; number <= 10; ++number) log.keep({segment}, event(number), 1);
  }

  CHECK(log.size() <= 2 + 100);
  std::uint64_t total = 0;
  for (std::uint32_t segment = 0; segment < 100; ++segment) {
    for (const Event& one : log.copies({segment})) {
      total += one.cause == Cause::kMissed ? one.missed : 1;
    }
  }
  CHECK(total == 1000);
}

TEST_CASE("what is offered does not count against the bound, and is not dropped", "[events]") {
  EventLog log(2);
  for (const std::uint64_t number : {1, 2}) log.keep(kSegment, event(number), 1);
  log.offer(kSegment, kAll);
  for (const std::uint64_t number : {3, 4}) log.keep(kSegment, event(number), 1);

  CHECK(numbers_of(log.copies(kSegment)) == Numbers{1, 2, 3, 4});
}

}  // namespace
}  // namespace sojourn::replication
