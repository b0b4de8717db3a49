#include "table/tagged_set.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "support/catch.h"

namespace sojourn::table {
namespace {

using Tag = PlaceSet::Tag;

bool contains(const PlaceSet& set, Tag tag, std::uint64_t value) {
  return set.find(tag, [&](std::uint64_t other) { return other == value; }) != PlaceSet::kNone;
}

std::set<std::uint64_t> values_of(const PlaceSet& set) {
  std::set<std::uint64_t> values;
  set.for_each([&](std::uint64_t value) { CHECK(values.insert(value).second); });
  return values;
}

TEST_CASE("a set without room has nothing and takes nothing", "[table]") {
  const PlaceSet set;

  CHECK(set.size() == 0);
  CHECK(set.is_full());
  CHECK(set.bytes() == 0);
  CHECK_FALSE(contains(set, 1, 1));
  CHECK(values_of(set).empty());
}

TEST_CASE("a value is found by its tag, and by no other", "[table]") {
  PlaceSet set(4);
  set.insert(7, PlaceSet::kValueMax);

  CHECK(contains(set, 7, PlaceSet::kValueMax));
  CHECK_FALSE(contains(set, 8, PlaceSet::kValueMax));
  CHECK_FALSE(contains(set, 7, 1));
}

TEST_CASE("a value is replaced in its place", "[table]") {
  PlaceSet set(4);
  set.insert(65535, 16);
  const std::size_t place = set.find(65535, [](std::uint64_t) { return true; });

  set.replace(place, 32);

  CHECK(set.value(place) == 32);
  CHECK(contains(set, 65535, 32));
  CHECK(values_of(set) == std::set<std::uint64_t>{32});
}

TEST_CASE("values with equal tags, around the end of the slots, are told apart", "[table]") {
  PlaceSet set(6);
  for (std::uint64_t value = 1; value <= 6; ++value) set.insert(65535, value);
  for (std::uint64_t value = 1; value <= 6; ++value) CHECK(contains(set, 65535, value));

  set.erase(set.find(65535, [](std::uint64_t value) { return value == 2; }));

  CHECK(values_of(set) == std::set<std::uint64_t>{1, 3, 4, 5, 6});
  for (const std::uint64_t value : {1, 3, 4, 5, 6}) CHECK(contains(set, 65535, value));
}

TEST_CASE("after any insertions and erasures a set has what a plain one has", "[table]") {
  const auto tags = GENERATE(as<std::uint64_t>(), 3, 50, 65536);
  SeededRandom random(tags);
  PlaceSet set;
  std::map<std::uint64_t, Tag> model;
  for (std::uint64_t step = 1; step <= 20'000; ++step) {
    // Waves, so that it is full at times and nearly empty at others.
    const bool grows = step / 2000 % 2 == 0;
    if (model.empty() || random.below(10) < (grows ? 7u : 3u)) {
      if (set.is_full()) set = set.resized(PlaceSet::room_for(set.size() + 1));
      // The highest tags often, whose searches go on at the front.
      const auto tag = static_cast<Tag>(65535 - random.below(tags));
      set.insert(tag, step);
      model[step] = tag;
    } else {
      auto at = model.lower_bound(random.below(step));
      if (at == model.end()) at = model.begin();
      const auto& [value, tag] = *at;
      set.erase(set.find(tag, [wanted = value](std::uint64_t one) { return one == wanted; }));
      model.erase(at);
      if (set.is_sparse()) set = set.resized(PlaceSet::room_for(set.size()));
    }
    REQUIRE(set.size() == model.size());
    if (step % 100 != 0) continue;
    for (const auto& [value, tag] : model) REQUIRE(contains(set, tag, value));
    REQUIRE(values_of(set).size() == model.size());
  }
}

TEST_CASE("values of a range of tags are visited, and no others", "[table]") {
  SeededRandom random(3);
  PlaceSet set(1000);
  std::map<std::uint64_t, Tag> model;
  for (std::uint64_t value = 1; value <= 1000; ++value) {
    model[value] = static_cast<Tag>(random.below(65536));
    set.insert(model[value], value);
  }
  const Tag first = GENERATE(as<Tag>(), 0, 30000, 64512, 65535);
  const Tag last = GENERATE(as<Tag>(), 0, 1023, 30500, 65535);
  if (first > last) return;

  std::set<std::uint64_t> visited;
  set.for_each(first, last, [&](std::uint64_t value) { CHECK(visited.insert(value).second); });

  std::set<std::uint64_t> expected;
  for (const auto& [value, tag] : model) {
    if (first <= tag && tag <= last) expected.insert(value);
  }
  CHECK(visited == expected);
}

TEST_CASE("a set that grew value by value takes less than 11 bytes for each", "[table]") {
  PlaceSet set;
  for (std::uint64_t value = 1; value <= 10'000; ++value) {
    if (set.is_full()) set = set.resized(PlaceSet::room_for(set.size() + 1));
    set.insert(static_cast<Tag>(value * 40'503 & PlaceSet::kTagMax), value);
    if (value >= 500) REQUIRE(set.bytes() < 11 * value);
  }
}

}  // namespace
}  // namespace sojourn::table
