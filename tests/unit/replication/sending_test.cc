#include "replication/sending.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "support/catch.h"
#include "unit/replication/records.h"

namespace sojourn::replication {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time(2h);
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
constexpr std::size_t kWindow = 8;
constexpr SendingOptions kOptions = {.chunk_bytes = kChunkBytes, .window = kWindow};

const EventLog kNoEvents(0);

ChunkAck ack_of(const Chunk& chunk) {
  return {.segment = chunk.segment, .transfer = chunk.transfer, .index = chunk.index};
}

// So many large sessions: about four to a chunk.
void put_large(Replica& replica, int sessions) {
  for (int i = 0; i < sessions; ++i) {
    replica.put(make_record("id" + std::to_string(100 + i), {1, 1}, kAttributeValueBytesMax));
  }
}

TEST_CASE("segments that stand together are sent far apart", "[replication]") {
  std::vector<SegmentId> segments;
  for (std::uint32_t i = 0; i < 8; ++i) segments.push_back({i});

  spread(segments);

  std::vector<std::uint32_t> order;
  for (const SegmentId segment : segments) order.push_back(segment.value);
  CHECK(order == std::vector<std::uint32_t>{0, 4, 2, 6, 1, 5, 3, 7});
}

TEST_CASE("events that may not be delivered share the chunks with the sessions", "[replication]") {
  Replica replica(1, {});
  replica.put(make_record("a"));
  EventLog events(1000);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    events.keep({0}, {.cause = Cause::kChanged, .number = {1, i}, .id = "a"}, 1);
  }
  Sending sending({.chunk_bytes = 16u << 10, .window = 8});

  sending.want({0});
  const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, events);

  CHECK(chunks.size() == 3);
  std::vector<Event> sent;
  for (const Chunk& chunk : chunks) {
    CHECK(chunk.last == (&chunk == &chunks.back()));
    sent.insert(sent.end(), chunk.events.begin(), chunk.events.end());
  }
  CHECK(sent == events.copies({0}));
}

TEST_CASE("an empty segment is sent as one chunk that says so", "[replication]") {
  const Replica replica(4, {});
  Sending sending(kOptions);
  CHECK(sending.idle());

  sending.want({2});
  const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);

  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].segment == SegmentId{2});
  CHECK(chunks[0].index == 0);
  CHECK(chunks[0].last);
  CHECK(chunks[0].copies.empty());
  CHECK_FALSE(sending.idle());
  CHECK(sending.acknowledged(ack_of(chunks[0])) == SegmentId{2});
  CHECK(sending.idle());
}

TEST_CASE("a segment arrives whole, in chunks of a bounded size", "[replication]") {
  Replica replica(1, {});
  for (int i = 0; i < 100; ++i) {
    replica.put(make_record("id" + std::to_string(100 + (i * 37) % 100), {1, 1}, 4000));
  }
  replica.table().use("id100", kMade + 5min);
  Sending sending(kOptions);
  sending.want({0});

  std::vector<Copy> copies;
  std::uint32_t index = 0;
  std::optional<SegmentId> complete;
  while (!complete) {
    const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);
    REQUIRE_FALSE(chunks.empty());
    for (const Chunk& chunk : chunks) {
      CHECK(chunk.index == index++);
      std::size_t bytes = 0;
      for (const Copy& copy : chunk.copies) {
        bytes += copy.record->bytes();
        copies.push_back(copy);
      }
      CHECK(bytes - (chunk.copies.empty() ? 0 : chunk.copies.back().record->bytes()) < kChunkBytes);
      complete = sending.acknowledged(ack_of(chunk));
      CHECK(complete.has_value() == chunk.last);
    }
  }

  std::set<std::string> ids;
  for (const Copy& copy : copies) {
    const std::string& id = *ids.emplace(copy.record->id()).first;
    CHECK(copy.last_seen == (id == "id100" ? kMade + 5min : kMade));
  }
  CHECK(copies.size() == 100);
  CHECK(ids.size() == 100);
}

TEST_CASE("what is remembered of a segment goes with its last chunk", "[replication]") {
  Replica replica(1, {});
  put_large(replica, 8);
  Memo memo;
  memo.finish({Incarnation{7}, 1}, SegmentId{0}, 1, {});
  memo.finish({Incarnation{7}, 2}, SegmentId{1}, 1, {});
  Sending sending(kOptions);
  sending.want({0});

  const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, memo, kNoEvents);

  REQUIRE(chunks.size() > 1);
  for (const Chunk& chunk : chunks) CHECK(chunk.remembered.size() == (chunk.last ? 1 : 0));
  CHECK(chunks.back().remembered[0].operation == OperationId{Incarnation{7}, 1});
}

TEST_CASE("only so many chunks may be unacknowledged", "[replication]") {
  Replica replica(1, {});
  put_large(replica, 100);
  Sending sending(kOptions);
  sending.want({0});

  const std::vector<Chunk> first = sending.take_chunks(kNow, replica, {}, kNoEvents);
  CHECK(first.size() == kWindow);
  CHECK(sending.take_chunks(kNow, replica, {}, kNoEvents).empty());

  CHECK_FALSE(sending.acknowledged(ack_of(first[3])));
  const std::vector<Chunk> next = sending.take_chunks(kNow, replica, {}, kNoEvents);
  REQUIRE(next.size() == 1);
  CHECK(next[0].index == kWindow);
}

TEST_CASE("a chunk that is not acknowledged is sent again after a while", "[replication]") {
  Replica replica(1, {});
  put_large(replica, 8);
  Sending sending(kOptions);
  sending.want({0});
  const std::vector<Chunk> first = sending.take_chunks(kNow, replica, {}, kNoEvents);
  REQUIRE(first.size() == 2);
  CHECK(sending.next_deadline() == kNow + 500ms);
  sending.acknowledged(ack_of(first[0]));

  CHECK(sending.take_chunks(kNow + 499ms, replica, {}, kNoEvents).empty());
  const std::vector<Chunk> again = sending.take_chunks(kNow + 500ms, replica, {}, kNoEvents);

  REQUIRE(again.size() == 1);
  CHECK(again[0].transfer == first[1].transfer);
  CHECK(again[0].index == 1);
  CHECK(again[0].last);
  CHECK(again[0].copies.size() == first[1].copies.size());
  CHECK(sending.next_deadline() == kNow + 1500ms);
}

TEST_CASE("a segment is complete when all its chunks are acknowledged, in any order",
          "[replication]") {
  Replica replica(1, {});
  put_large(replica, 12);
  Sending sending(kOptions);
  sending.want({0});
  std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);
  REQUIRE(chunks.size() == 3);

  CHECK_FALSE(sending.acknowledged(ack_of(chunks[2])));
  CHECK_FALSE(sending.acknowledged(ack_of(chunks[2])));
  CHECK_FALSE(sending.acknowledged(ack_of(chunks[0])));
  CHECK(sending.acknowledged(ack_of(chunks[1])) == SegmentId{0});

  CHECK(sending.idle());
  CHECK_FALSE(sending.acknowledged(ack_of(chunks[1])));
  CHECK_FALSE(sending.next_deadline());
}

TEST_CASE("a segment that is being sent is not begun again, one that was sent is",
          "[replication]") {
  const Replica replica(2, {});
  Sending sending(kOptions);
  sending.want({0});
  sending.want({0});
  const std::vector<Chunk> first = sending.take_chunks(kNow, replica, {}, kNoEvents);
  CHECK(first.size() == 1);
  sending.want({0});
  CHECK(sending.take_chunks(kNow, replica, {}, kNoEvents).empty());
  sending.acknowledged(ack_of(first[0]));

  sending.want({0});
  const std::vector<Chunk> second = sending.take_chunks(kNow, replica, {}, kNoEvents);

  REQUIRE(second.size() == 1);
  CHECK(second[0].transfer > first[0].transfer);
  // What was said of the first transfer says nothing of the second.
  CHECK_FALSE(sending.acknowledged(ack_of(first[0])));
  CHECK(sending.acknowledged(ack_of(second[0])) == SegmentId{0});
}

TEST_CASE("segments are sent in the order in which they were wanted, each as it is then",
          "[replication]") {
  Replica replica(2, {});
  Sending sending(kOptions);
  std::vector<std::string> ids = {"", ""};
  for (int i = 0; ids[0].empty() || ids[1].empty(); ++i) {
    const std::string id = "id" + std::to_string(i);
    ids[replica.segment_of(id).value] = id;
  }
  sending.want({1});
  replica.put(make_record(ids[1]));
  sending.want({0});
  replica.put(make_record(ids[0]));

  const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);

  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].segment == SegmentId{1});
  CHECK(chunks[0].copies.at(0).record->id() == ids[1]);
  CHECK(chunks[1].segment == SegmentId{0});
  CHECK(chunks[1].copies.at(0).record->id() == ids[0]);
}

TEST_CASE("a session that goes while its segment is sent is sent as it was", "[replication]") {
  Replica replica(1, {});
  put_large(replica, 40);
  Sending sending(kOptions);
  sending.want({0});
  std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);
  REQUIRE(chunks.size() == kWindow);
  REQUIRE_FALSE(chunks.back().last);
  std::string last;
  replica.for_each({0}, [&](const session::Record& record, Time) { last = record.id(); });

  replica.erase(last);
  for (const Chunk& chunk : chunks) sending.acknowledged(ack_of(chunk));
  chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);

  REQUIRE(chunks.back().last);
  CHECK(chunks.back().copies.back().record->id() == last);
}

TEST_CASE("an acknowledgement that names another segment completes nothing", "[replication]") {
  const Replica replica(4, {});
  Sending sending(kOptions);
  sending.want({2});
  const std::vector<Chunk> chunks = sending.take_chunks(kNow, replica, {}, kNoEvents);
  ChunkAck ack = ack_of(chunks[0]);
  ack.segment = {3};

  CHECK_FALSE(sending.acknowledged(ack));

  ack.segment = {2};
  CHECK(sending.acknowledged(ack) == SegmentId{2});
}

// Chunks and acknowledgements are lost, repeated and reordered.
TEST_CASE("whatever the network does, every wanted segment is complete once, and whole",
          "[replication]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SeededRandom random(seed);
    Replica replica(4, {});
    for (int i = 0; i < 120; ++i) {
      replica.put(make_record("id" + std::to_string(i), {1, 1}, kAttributeValueBytesMax / 2));
    }
    Sending sending(kOptions);
    for (std::uint32_t i = 0; i < 4; ++i) sending.want({i});
    std::vector<ChunkAck> acks;
    std::set<std::string> arrived;
    std::multiset<SegmentId> complete;
    Time now = kNow;
    for (int step = 0; step < 20'000 && !sending.idle(); ++step) {
      now += 100ms;
      for (const Chunk& chunk : sending.take_chunks(now, replica, {}, kNoEvents)) {
        if (random.one_in(3)) continue;
        for (const Copy& copy : chunk.copies) arrived.emplace(copy.record->id());
        acks.push_back(ack_of(chunk));
      }
      if (acks.empty()) continue;
      const ChunkAck ack = acks[random.below(acks.size())];
      if (const auto segment = sending.acknowledged(ack)) complete.insert(*segment);
    }
    CHECK(sending.idle());
    CHECK(arrived.size() == 120);
    CHECK(complete == std::multiset<SegmentId>{{0}, {1}, {2}, {3}});
  }
}

}  // namespace
}  // namespace sojourn::replication
