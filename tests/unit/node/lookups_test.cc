#include "node/lookups.h"

#include <chrono>
#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::node {
namespace {

using namespace std::chrono_literals;
using replication::Verb;

constexpr Time kNow = Time(1h);
constexpr std::uint64_t kOwner = 7;
constexpr std::uint64_t kOther = 8;

using TestLookups = Lookups<std::string>;

replication::Lookup start(TestLookups& lookups, Time now, Duration timeout,
                          const std::string& waiter, std::uint64_t owner = kOwner) {
  return lookups.start(now, owner, Verb::kGet, "s-1", true, now + timeout, std::string(waiter));
}

std::vector<std::string> waiters(const std::vector<TestLookups::Lookup>& lookups) {
  std::vector<std::string> waiters;
  for (const TestLookups::Lookup& lookup : lookups) waiters.push_back(lookup.waiter);
  return waiters;
}

TEST_CASE("a lookup says what is wanted and for how long", "[node]") {
  TestLookups lookups({});

  const auto get = lookups.start(kNow, kOwner, Verb::kGet, "s-1", false, kNow + 250ms, "a");
  const auto touch = lookups.start(kNow, kOwner, Verb::kTouch, "s-2", false, kNow + 1s, "b");

  CHECK((get.id == "s-1" && !get.touch && get.wants_record && get.time_left == 250ms));
  CHECK((touch.id == "s-2" && touch.touch && !touch.wants_record && touch.time_left == 1s));
  CHECK(get.number != touch.number);
}

TEST_CASE("an answer ends the lookup that it is for, once", "[node]") {
  TestLookups lookups({});
  const auto first = start(lookups, kNow, 250ms, "a");
  const auto second = start(lookups, kNow, 250ms, "b");

  const auto ended = lookups.answered(kOwner, second.number);

  REQUIRE(ended);
  CHECK((ended->waiter == "b" && ended->id() == "s-1" && ended->deadline == kNow + 250ms));
  CHECK_FALSE(lookups.answered(kOwner, second.number));
  CHECK(lookups.in_flight() == 1);
  CHECK(lookups.answered(kOwner, first.number));
}

TEST_CASE("an answer of somebody who was not asked ends nothing", "[node]") {
  TestLookups lookups({});
  const auto lookup = start(lookups, kNow, 250ms, "a");

  CHECK_FALSE(lookups.answered(kOther, lookup.number));
  CHECK_FALSE(lookups.answered(kOwner, lookup.number + 1));
  CHECK_FALSE(lookups.answered(kOwner, 0));
  CHECK(lookups.in_flight() == 1);
}

TEST_CASE("a late answer does not end the lookup that took its place", "[node]") {
  TestLookups lookups({});
  const auto first = start(lookups, kNow, 250ms, "a");
  (void)lookups.answered(kOwner, first.number);
  (void)start(lookups, kNow, 250ms, "b");

  CHECK_FALSE(lookups.answered(kOwner, first.number));
  CHECK(lookups.in_flight() == 1);
}

TEST_CASE("an owner has so much patience, and no more time than the caller", "[node]") {
  TestLookups lookups({.patience = 100ms});
  (void)start(lookups, kNow, 250ms, "patient");
  (void)start(lookups, kNow, 30ms, "hasty");

  CHECK(lookups.next_deadline() == kNow + 30ms);
  CHECK(waiters(lookups.tick(kNow + 29ms)).empty());
  CHECK(waiters(lookups.tick(kNow + 30ms)) == std::vector<std::string>{"hasty"});
  CHECK(lookups.next_deadline() == kNow + 100ms);
  CHECK(waiters(lookups.tick(kNow + 100ms)) == std::vector<std::string>{"patient"});
  CHECK_FALSE(lookups.next_deadline());
}

TEST_CASE("who is lost takes along what it was asked, and nothing else", "[node]") {
  TestLookups lookups({});
  (void)start(lookups, kNow, 250ms, "a", kOwner);
  (void)start(lookups, kNow, 250ms, "b", kOther);

  CHECK(waiters(lookups.lost(kOwner)) == std::vector<std::string>{"a"});
  CHECK(waiters(lookups.take_all()) == std::vector<std::string>{"b"});
}

TEST_CASE("there are no more lookups at one time than the bound", "[node]") {
  TestLookups lookups({.in_flight_max = 2});
  const auto first = start(lookups, kNow, 250ms, "a");
  (void)start(lookups, kNow, 250ms, "b");

  CHECK(lookups.is_full());
  (void)lookups.answered(kOwner, first.number);
  CHECK_FALSE(lookups.is_full());
}

}  // namespace
}  // namespace sojourn::node
