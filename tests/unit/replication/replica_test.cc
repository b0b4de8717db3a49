#include "replication/replica.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "session/id_draw.h"
#include "support/catch.h"
#include "unit/replication/records.h"

namespace sojourn::replication {
namespace {

constexpr std::uint32_t kSegments = 16;

std::vector<std::string> ids_in(const Replica& replica, SegmentId segment, std::size_t count) {
  SeededRandom random(segment.value + 1);
  std::vector<std::string> ids;
  while (ids.size() < count) {
    std::string id = session::draw_id(random);
    if (replica.segment_of(id) == segment) ids.push_back(std::move(id));
  }
  return ids;
}

std::set<std::string> held(const Replica& replica, SegmentId segment) {
  std::set<std::string> ids;
  replica.for_each(segment, [&](const session::Record& record, Time) { ids.emplace(record.id()); });
  return ids;
}

TEST_CASE("sessions are told apart by segment", "[replication]") {
  Replica replica(kSegments, {});
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    for (const std::string& id : ids_in(replica, {i}, 5)) replica.put(make_record(id));
  }

  for (std::uint32_t i = 0; i < kSegments; ++i) {
    const std::vector<std::string> ids = ids_in(replica, {i}, 5);
    CHECK(held(replica, {i}) == std::set<std::string>(ids.begin(), ids.end()));
  }
}

TEST_CASE("what fills a segment is held as if it had been put one by one", "[replication]") {
  Replica filled(kSegments, {});
  Replica put(kSegments, {});
  std::vector<Copy> copies;
  for (const std::string& id : ids_in(put, {3}, 100)) {
    put.put(make_record(id));
    copies.push_back({make_record(id), kMade + std::chrono::minutes(1)});
  }

  CHECK_FALSE(filled.has_room({3}, copies.size()));
  filled.make_room({3}, copies.size());
  CHECK(filled.has_room({3}, copies.size()));
  filled.fill(copies);

  CHECK(held(filled, {3}) == held(put, {3}));
  CHECK(filled.digest({3}) == put.digest({3}));
  for (const Copy& copy : copies) {
    CHECK(filled.table().last_seen(copy.record->id()) == kMade + std::chrono::minutes(1));
  }
}

TEST_CASE("segments share the room of those that stand beside them", "[replication]") {
  const auto is_beside = [](std::uint32_t segments, SegmentId segment, SegmentId other) {
    const auto [first, last] = Replica(segments, {}).beside(segment);
    return first.value <= other.value && other.value <= last.value;
  };

  CHECK(is_beside(4096, {33}, {32}));
  CHECK(is_beside(4096, {33}, {63}));
  CHECK_FALSE(is_beside(4096, {33}, {31}));
  CHECK_FALSE(is_beside(4096, {33}, {64}));
  CHECK(is_beside(16, {3}, {3}));
  CHECK_FALSE(is_beside(16, {3}, {4}));
}

TEST_CASE("a single segment holds everything", "[replication]") {
  Replica replica(1, {});
  replica.put(make_record("a"));
  replica.put(make_record("b"));

  CHECK(held(replica, {0}) == std::set<std::string>{"a", "b"});
}

TEST_CASE("equal ids and versions have equal digests, in whatever way they came about",
          "[replication]") {
  Replica one(kSegments, {});
  Replica other(kSegments, {});
  const SegmentId segment{7};
  const std::vector<std::string> ids = ids_in(one, segment, 3);
  CHECK(one.digest(segment) == 0);

  for (const std::string& id : ids) one.put(make_record(id, {2, 9}));
  other.put(make_record(ids[2], {2, 9}, 50));
  other.put(make_record(ids[1], {1, 1}));
  other.put(make_record(ids[0], {2, 9}));
  CHECK(one.digest(segment) != other.digest(segment));
  other.put(make_record(ids[1], {2, 9}));

  CHECK(one.digest(segment) == other.digest(segment));
  CHECK(one.digest({6}) == 0);
  for (const std::string& id : ids) one.erase(id);
  CHECK(one.digest(segment) == 0);
}

TEST_CASE("another id, epoch or sequence gives another digest", "[replication]") {
  std::set<std::uint64_t> digests;
  for (const char* id : {"a", "b"}) {
    for (const Version version : {Version{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 0}}) {
      Replica replica(1, {});
      replica.put(make_record(id, version));
      digests.insert(replica.digest({0}));
    }
  }
  CHECK(digests.size() == 10);
}

TEST_CASE("neighbouring short ids with neighbouring versions have different digests",
          "[replication]") {
  for (const std::string name : {"+n", "=oauth", "!a-longer-name"}) {
    std::set<std::uint64_t> digests;
    for (char last = '0'; last <= '9'; ++last) {
      for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
        Replica replica(1, {});
        replica.put(make_record(name + last, {4, sequence}));
        digests.insert(replica.digest({0}));
      }
    }
    CHECK(digests.size() == 10 * 20);
  }
}

TEST_CASE("a version is that of the session, or of its tombstone, or zero", "[replication]") {
  Replica replica(kSegments, {});
  CHECK(replica.version_of("a") == Version{});

  replica.put(make_record("a", {1, 4}));
  CHECK(replica.version_of("a") == Version{1, 4});

  replica.bury("a", {1, 7});
  CHECK(replica.version_of("a") == Version{1, 7});
  CHECK_FALSE(replica.table().peek("a"));
  CHECK(replica.digest(replica.segment_of("a")) == 0);

  replica.put(make_record("a", {2, 1}));
  CHECK(replica.version_of("a") == Version{2, 1});
  CHECK(replica.tombstones() == 0);
}

TEST_CASE("versions compare by epoch first", "[replication]") {
  const Replica replica(1, {});
  CHECK(replica.is_newer({2, 1}, {1, 9}));
  CHECK(replica.is_newer({1, 9}, {1, 8}));
  CHECK_FALSE(replica.is_newer({1, 9}, {1, 9}));
  CHECK_FALSE(replica.is_newer({1, 9}, {2, 1}));

  const Replica careless(1, {.without = Rule::kVersionsBeginWithEpoch});
  CHECK(careless.is_newer({1, 9}, {2, 1}));
}

TEST_CASE("what is not there can be buried too", "[replication]") {
  Replica replica(kSegments, {});

  replica.bury("a", {1, 7});
  replica.erase("b");

  CHECK(replica.version_of("a") == Version{1, 7});
  CHECK(replica.version_of("b") == Version{});
  CHECK(replica.tombstones() == 1);
}

TEST_CASE("tombstones are dropped up to a version, and only those of the segment",
          "[replication]") {
  Replica replica(kSegments, {});
  const std::vector<std::string> ids = ids_in(replica, {3}, 3);
  const std::string elsewhere = ids_in(replica, {4}, 1).front();
  replica.bury(ids[0], {1, 1});
  replica.bury(ids[1], {1, 2});
  replica.bury(ids[2], {2, 1});
  replica.bury(elsewhere, {1, 1});

  replica.drop_tombstones({3}, {1, 2});
  CHECK(replica.version_of(ids[0]) == Version{});
  CHECK(replica.version_of(ids[1]) == Version{});
  CHECK(replica.version_of(ids[2]) == Version{2, 1});

  replica.drop_tombstones({3});
  CHECK(replica.version_of(ids[2]) == Version{});
  CHECK(replica.version_of(elsewhere) == Version{1, 1});
}

TEST_CASE("a tombstone that a newer one has replaced goes with the newer one", "[replication]") {
  Replica replica(1, {});
  replica.bury("a", {1, 1});
  replica.bury("a", {1, 5});

  replica.drop_tombstones({0}, {1, 1});
  CHECK(replica.version_of("a") == Version{1, 5});

  replica.drop_tombstones({0}, {1, 5});
  CHECK(replica.tombstones() == 0);
}

TEST_CASE("dropping the tombstone of a session that came after it leaves the session",
          "[replication]") {
  Replica replica(1, {});
  replica.bury("a", {1, 1});
  replica.put(make_record("a", {2, 1}));

  replica.drop_tombstones({0});

  CHECK(replica.version_of("a") == Version{2, 1});
}

TEST_CASE("clearing a segment forgets its sessions and tombstones, and no others",
          "[replication]") {
  Replica replica(kSegments, {});
  const std::vector<std::string> ids = ids_in(replica, {3}, 20);
  const std::vector<std::string> others = ids_in(replica, {4}, 2);
  for (const std::string& id : ids) replica.put(make_record(id));
  replica.bury(ids[0], {1, 9});
  replica.put(make_record(others[0]));
  replica.bury(others[1], {1, 9});

  replica.clear({3});

  CHECK(held(replica, {3}).empty());
  CHECK(replica.digest({3}) == 0);
  CHECK(replica.version_of(ids[0]) == Version{});
  CHECK(held(replica, {4}) == std::set<std::string>{others[0]});
  CHECK(replica.tombstones() == 1);
}

// Against plain maps.
TEST_CASE("after any operations digests and tombstones are those of what is held",
          "[replication]") {
  SeededRandom random(5);
  Replica replica(4, {});
  std::map<std::string, Version> sessions;
  std::map<std::string, Version> tombstones;
  for (std::uint64_t n = 1; n <= 5000; ++n) {
    const std::string id = "id" + std::to_string(random.below(40));
    const Version version{1 + n / 1000, n % 1000};
    switch (random.below(4)) {
      case 0:
      case 1:
        replica.put(make_record(id, version));
        sessions[id] = version;
        tombstones.erase(id);
        break;
      case 2:
        replica.bury(id, version);
        sessions.erase(id);
        tombstones[id] = version;
        break;
      default:
        const SegmentId segment{static_cast<std::uint32_t>(random.below(4))};
        const Version up_to{version.epoch, random.below(1000)};
        replica.drop_tombstones(segment, up_to);
        std::erase_if(tombstones, [&](const auto& tombstone) {
          return replica.segment_of(tombstone.first) == segment && tombstone.second <= up_to;
        });
        break;
    }
    REQUIRE(replica.tombstones() == tombstones.size());
  }

  Replica fresh(4, {});
  for (const auto& [id, version] : sessions) {
    CHECK(replica.version_of(id) == version);
    fresh.put(make_record(id, version));
  }
  for (const auto& [id, version] : tombstones) CHECK(replica.version_of(id) == version);
  for (std::uint32_t i = 0; i < 4; ++i) CHECK(replica.digest({i}) == fresh.digest({i}));
}

}  // namespace
}  // namespace sojourn::replication
