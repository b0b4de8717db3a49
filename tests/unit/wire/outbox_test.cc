#include "wire/outbox.h"

#include <deque>
#include <utility>

#include "base/random.h"
#include "support/catch.h"
#include "unit/wire/messages.h"

namespace sojourn::wire {
namespace {

constexpr std::uint64_t kCluster = 0xc1;
constexpr Incarnation kSelf = {0xfeed};

OutboxOptions options(std::size_t queue_bytes_max = 1 << 20) {
  return {.cluster = kCluster, .from = kSelf, .queue_bytes_max = queue_bytes_max};
}

node::Envelope message(std::uint64_t number = 0) {
  return envelope_of(replication::ReplicateAck{{9}, {.epoch = 3, .sequence = number}});
}

// A message of about that many bytes.
node::Envelope message_of(std::size_t bytes) {
  replication::Entries entries(bytes / 64, {std::string(62, 'a'), {}});
  return envelope_of(replication::Replicate{.entries = std::move(entries)});
}

// What the other side sends.
Frame frame(std::uint64_t number, std::uint64_t answers, std::size_t messages) {
  return {.number = number,
          .answers = answers,
          .cluster = kCluster,
          .from = {0xbeef},
          .envelopes = std::vector<node::Envelope>(messages, message())};
}

// Takes a frame that must be there.
Frame take(Outbox& outbox) {
  const std::optional<std::string> bytes = outbox.take_frame(kSent);
  REQUIRE(bytes);
  const absl::StatusOr<Frame> decoded = decode_frame(*bytes, kSent);
  INFO(decoded.status());
  REQUIRE(decoded.ok());
  return *decoded;
}

Frame take_and_write(Outbox& outbox) {
  Frame taken = take(outbox);
  outbox.written();
  return taken;
}

bool has_frame(Outbox& outbox) { return outbox.take_frame(kSent).has_value(); }

void push(Outbox& outbox, std::size_t messages = 1) {
  for (std::size_t i = 0; i < messages; ++i) REQUIRE(outbox.push(message(i), kSent).ok());
}

// An outbox with two unanswered frames.
Outbox waiting_outbox(OutboxOptions with = options()) {
  Outbox outbox(with);
  for (int i = 0; i < 2; ++i) {
    push(outbox);
    take_and_write(outbox);
  }
  return outbox;
}

// --- Sending ------------------------------------------------------------------------------------

TEST_CASE("a lone message goes at once", "[wire]") {
  Outbox outbox(options());
  push(outbox);

  const Frame taken = take(outbox);

  CHECK(taken.number == 1);
  CHECK(taken.answers == 0);
  CHECK(taken.cluster == kCluster);
  CHECK(taken.from == kSelf);
  CHECK(taken.envelopes.size() == 1);
  CHECK(outbox.queued_bytes() == 0);
}

TEST_CASE("nothing goes when there is nothing to say", "[wire]") {
  Outbox outbox(options());

  CHECK(!has_frame(outbox));
}

TEST_CASE("one frame is written at a time", "[wire]") {
  Outbox outbox(options());
  push(outbox);
  take(outbox);
  push(outbox);

  CHECK(!has_frame(outbox));

  outbox.written();
  CHECK(take(outbox).number == 2);
}

TEST_CASE("messages gather while two frames are unanswered", "[wire]") {
  Outbox outbox = waiting_outbox();
  push(outbox, 50);

  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame(1, 1, 1)).ok());
  const Frame taken = take(outbox);
  CHECK(taken.number == 3);
  CHECK(taken.envelopes.size() == 50);
}

TEST_CASE("an answer counts for all frames before", "[wire]") {
  Outbox outbox = waiting_outbox();
  REQUIRE(outbox.received(frame(1, 2, 0)).ok());

  for (int i = 0; i < 2; ++i) {
    push(outbox);
    take_and_write(outbox);
  }
  push(outbox);

  CHECK(!has_frame(outbox));
}

TEST_CASE("messages keep their order across frames", "[wire]") {
  Outbox outbox(options());
  push(outbox, 20000);

  std::uint64_t next = 0;
  for (std::uint64_t number = 1; outbox.queued_bytes() > 0; ++number) {
    for (const node::Envelope& envelope : take_and_write(outbox).envelopes) {
      CHECK(std::get<replication::ReplicateAck>(envelope.message).version.sequence == next++);
    }
    REQUIRE(outbox.received(frame(number, number, 1)).ok());
  }
  CHECK(next == 20000);
}

TEST_CASE("frames have about 64 KiB unless one message has more", "[wire]") {
  Outbox outbox(options());
  std::vector<std::size_t> sizes;
  for (const std::size_t bytes : {30000, 30000, 30000, 200000, 100, 100}) {
    REQUIRE(outbox.push(message_of(bytes), kSent).ok());
  }

  for (std::uint64_t number = 1; outbox.queued_bytes() > 0; ++number) {
    const std::optional<std::string> bytes = outbox.take_frame(kSent);
    REQUIRE(bytes);
    sizes.push_back(bytes->size());
    outbox.written();
    REQUIRE(outbox.received(frame(number, number, 1)).ok());
  }

  REQUIRE(sizes.size() == 4);
  CHECK(sizes[0] == Approx(60000).epsilon(0.01));
  CHECK(sizes[1] == Approx(30000).epsilon(0.01));
  CHECK(sizes[2] == Approx(200000).epsilon(0.01));
  CHECK(sizes[3] < 1000);
}

// --- Answering ----------------------------------------------------------------------------------

TEST_CASE("an answer goes along with the next message", "[wire]") {
  Outbox outbox(options());
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());
  push(outbox);

  CHECK(take_and_write(outbox).answers == 1);
  CHECK(!has_frame(outbox));
}

TEST_CASE("one frame may wait for an answer to go along", "[wire]") {
  Outbox outbox(options());
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());

  CHECK(!has_frame(outbox));
}

TEST_CASE("two frames are answered at once, if need be without messages", "[wire]") {
  Outbox outbox(options());
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());
  REQUIRE(outbox.received(frame(2, 0, 1)).ok());

  const Frame taken = take_and_write(outbox);

  CHECK(taken.answers == 2);
  CHECK(taken.envelopes.empty());
  CHECK(!has_frame(outbox));
}

TEST_CASE("frames without messages need no answer", "[wire]") {
  Outbox outbox(options());
  for (std::uint64_t number = 1; number <= 10; ++number) {
    REQUIRE(outbox.received(frame(number, 0, 0)).ok());
  }

  CHECK(!has_frame(outbox));
}

TEST_CASE("two frames are answered although two of our own are unanswered", "[wire]") {
  Outbox outbox = waiting_outbox();
  push(outbox);
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());
  REQUIRE(outbox.received(frame(2, 0, 1)).ok());

  const Frame taken = take_and_write(outbox);

  CHECK(taken.answers == 2);
  CHECK(taken.envelopes.empty());
  CHECK(outbox.queued_bytes() > 0);
}

TEST_CASE("frames without messages are not held back by unanswered ones, nor do they count",
          "[wire]") {
  Outbox outbox(options());
  std::uint64_t number = 0;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(outbox.received(frame(++number, 0, 1)).ok());
    REQUIRE(outbox.received(frame(++number, 0, 1)).ok());
    CHECK(take_and_write(outbox).envelopes.empty());
  }

  push(outbox);
  CHECK(take_and_write(outbox).number == 6);
}

// --- Bounds -------------------------------------------------------------------------------------

TEST_CASE("a peer that never answers stops at two frames, and then the bound refuses", "[wire]") {
  Outbox outbox = waiting_outbox(options(10000));
  std::size_t queued = 0;
  absl::Status status;
  while ((status = outbox.push(message(), kSent)).ok()) ++queued;

  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(status.message()).find("of at most 10000 bytes") != std::string::npos);
  CHECK(queued > 1000);
  CHECK(outbox.queued_bytes() <= 10000);
  CHECK(!has_frame(outbox));
}

TEST_CASE("a queue that was full takes messages again", "[wire]") {
  Outbox outbox(options(1000));
  while (outbox.push(message(), kSent).ok()) continue;

  take(outbox);

  CHECK(outbox.push(message(), kSent).ok());
}

TEST_CASE("what is refused is not queued", "[wire]") {
  Outbox outbox(options(980));
  push(outbox);
  const std::size_t before = outbox.queued_bytes();

  CHECK(outbox.push(message_of(990), kSent).code() == absl::StatusCode::kUnavailable);
  CHECK(outbox.push(message_of(2000), kSent).code() == absl::StatusCode::kResourceExhausted);

  CHECK(outbox.queued_bytes() == before);
  CHECK(take(outbox).envelopes.size() == 1);
}

TEST_CASE("a message larger than a frame may be is refused for good", "[wire]") {
  Outbox outbox(options(kFrameBytesMax * 2));

  CHECK(outbox.push(message_of(kFrameBytesMax), kSent).code() ==
        absl::StatusCode::kResourceExhausted);
  CHECK(outbox.queued_bytes() == 0);
  CHECK(!has_frame(outbox));
}

// --- The other side -----------------------------------------------------------------------------

TEST_CASE("a frame that does not follow the one before is refused", "[wire]") {
  Outbox outbox(options());
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());

  CHECK(outbox.received(frame(1, 0, 1)).message() == "frame 1 came after frame 1");
  CHECK(outbox.received(frame(3, 0, 1)).message() == "frame 3 came after frame 1");
  CHECK(outbox.received(frame(2, 0, 1)).ok());
}

TEST_CASE("an answer to what was not sent is refused", "[wire]") {
  Outbox outbox = waiting_outbox();

  CHECK(outbox.received(frame(1, 3, 1)).message() ==
        "frame 1 answers frame 3, and only 2 were sent");
  CHECK(outbox.received(frame(1, 2, 1)).code() == absl::StatusCode::kOk);
  CHECK(outbox.received(frame(2, 1, 1)).message() ==
        "frame 2 answers frame 1, after an answer to frame 2");
}

TEST_CASE("a new connection starts over with an empty queue", "[wire]") {
  Outbox outbox = waiting_outbox();
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());
  push(outbox, 3);

  CHECK(outbox.reset() == 3);

  CHECK(outbox.queued_bytes() == 0);
  CHECK(!has_frame(outbox));
  push(outbox);
  const Frame taken = take(outbox);
  CHECK(taken.number == 1);
  CHECK(taken.answers == 0);
  CHECK(outbox.received(frame(1, 1, 1)).ok());
}

// Two outboxes, one for each end, and what is on its way between them.
struct End {
  Outbox outbox = Outbox(options());
  std::deque<std::string> incoming = {};
  std::uint64_t pushed = 0;
  std::uint64_t received = 0;
};

TEST_CASE("two ends never block each other, whatever the order of events", "[wire]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    End ends[2];
    const auto step = [&](std::size_t i) {
      End& end = ends[i];
      switch (random.below(4)) {
        case 0:
          if (end.pushed == 300) break;
          push(end.outbox);
          ++end.pushed;
          break;
        case 1:
          end.outbox.written();
          break;
        case 2:
          if (auto bytes = end.outbox.take_frame(kSent)) ends[1 - i].incoming.push_back(*bytes);
          break;
        case 3:
          if (end.incoming.empty()) break;
          const absl::StatusOr<Frame> frame = decode_frame(end.incoming.front(), kSent);
          end.incoming.pop_front();
          REQUIRE(frame.ok());
          REQUIRE(end.outbox.received(*frame).ok());
          end.received += frame->envelopes.size();
          break;
      }
    };
    for (int i = 0; i < 20000; ++i) step(random.below(2));

    INFO("seed " << seed);
    CHECK(ends[0].received == ends[1].pushed);
    CHECK(ends[1].received == ends[0].pushed);
  }
}

}  // namespace
}  // namespace sojourn::wire
