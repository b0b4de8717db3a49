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

replication::Lookup lookup(std::uint64_t number = 1) {
  return {.number = number, .time_left = std::chrono::seconds(1), .id = "s-1"};
}

// What the other side sends.
Frame frame(std::uint64_t number, std::uint64_t answers, std::size_t messages) {
  return {.number = number,
          .answers = answers,
          .cluster = kCluster,
          .from = {0xbeef},
          .envelopes = std::vector<node::Envelope>(messages, message())};
}

Frame frame_of_lookups(std::uint64_t number, std::uint64_t answers) {
  Frame made = frame(number, answers, 0);
  made.lookups = {lookup()};
  return made;
}

Frame frame_of_found(std::uint64_t number, std::uint64_t answers) {
  Frame made = frame(number, answers, 0);
  made.found = {{.number = 1, .declined = true}};
  return made;
}

// Takes a frame that must be there.
Frame take(Outbox& outbox, Others others = Others::kSilent) {
  const std::optional<std::string> bytes = outbox.take_frame(kSent, others);
  REQUIRE(bytes);
  const absl::StatusOr<Frame> decoded = decode_frame(*bytes, kSent);
  INFO(decoded.status());
  REQUIRE(decoded.ok());
  return *decoded;
}

Frame take_and_write(Outbox& outbox, Others others = Others::kSilent) {
  Frame taken = take(outbox, others);
  outbox.written();
  return taken;
}

bool has_frame(Outbox& outbox, Others others = Others::kSilent) {
  return outbox.take_frame(kSent, others).has_value();
}

void push(Outbox& outbox, std::size_t messages = 1) {
  for (std::size_t i = 0; i < messages; ++i) REQUIRE(outbox.push(message(i), kSent).ok());
}

void push_lookup(Outbox& outbox) { REQUIRE(outbox.push(lookup(), kSent).ok()); }

void push_found(Outbox& outbox) {
  REQUIRE(outbox.push(replication::Found{.number = 1, .declined = true}, kSent).ok());
}

// An outbox with two unanswered frames of envelopes.
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
  push(outbox, 5);

  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame(1, 1, 1)).ok());
  const Frame taken = take(outbox);
  CHECK(taken.number == 3);
  CHECK(taken.envelopes.size() == 5);
}

TEST_CASE("two frames under way come to have the same number of messages", "[wire]") {
  // The first of fifty callers goes alone, and whoever is answered asks again.
  Outbox outbox(options());
  push_lookup(outbox);
  std::deque<std::size_t> under_way = {take_and_write(outbox).lookups.size()};
  for (int i = 0; i < 49; ++i) push_lookup(outbox);
  under_way.push_back(take_and_write(outbox).lookups.size());

  for (std::uint64_t round = 1; round <= 10; ++round) {
    REQUIRE(outbox.received(frame_of_found(round, round)).ok());
    for (std::size_t i = 0; i < under_way.front(); ++i) push_lookup(outbox);
    under_way.pop_front();
    under_way.push_back(take_and_write(outbox).lookups.size());
  }

  CHECK(under_way == std::deque<std::size_t>{25, 25});
  CHECK(outbox.queued_bytes() == 0);
}

TEST_CASE("what a frame leaves behind goes in the next, in order", "[wire]") {
  Outbox outbox(options());
  for (std::size_t i = 0; i < 20; ++i) REQUIRE(outbox.push(lookup(i), kSent).ok());

  const Frame first = take_and_write(outbox);
  const std::size_t left = outbox.queued_bytes();
  const Frame second = take_and_write(outbox);

  REQUIRE(first.lookups.size() == 10);
  REQUIRE(second.lookups.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(first.lookups[i].number == i);
    CHECK(second.lookups[i].number == 10 + i);
  }
  CHECK(left > 0);
  CHECK(outbox.queued_bytes() == 0);
}

TEST_CASE("few messages are not divided, nor very many, nor what was found", "[wire]") {
  Outbox outbox(options());
  SECTION("few") {
    push(outbox, 15);
    CHECK(take(outbox).envelopes.size() == 15);
  }
  SECTION("very many, which are divided by the answers") {
    for (int i = 0; i < 200; ++i) push_lookup(outbox);
    CHECK(take(outbox).lookups.size() == 200);
  }
  SECTION("what was found") {
    for (int i = 0; i < 50; ++i) push_found(outbox);
    CHECK(take(outbox).found.size() == 50);
  }
}

TEST_CASE("of a frame that is divided each part counts by what it has", "[wire]") {
  Outbox outbox(options());
  for (int i = 0; i < 10; ++i) push_found(outbox);
  for (int i = 0; i < 10; ++i) push_lookup(outbox);

  const Frame found = take_and_write(outbox);
  CHECK(found.found.size() == 10);
  CHECK(found.lookups.empty());
  // It is not under way, as nothing answers it: so two of lookups may be.
  CHECK(take_and_write(outbox).lookups.size() == 10);
  push_lookup(outbox);
  CHECK(take_and_write(outbox).lookups.size() == 1);
  push_lookup(outbox);
  CHECK(!has_frame(outbox));
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

// --- Lanes --------------------------------------------------------------------------------------

// An outbox with two unanswered frames of lookups.
Outbox asking_outbox() {
  Outbox outbox(options());
  for (int i = 0; i < 2; ++i) {
    push_lookup(outbox);
    take_and_write(outbox);
  }
  return outbox;
}

TEST_CASE("reads go although two frames of envelopes are unanswered and more wait", "[wire]") {
  Outbox outbox = waiting_outbox();
  push(outbox, 50);

  push_lookup(outbox);
  CHECK(take_and_write(outbox).lookups.size() == 1);
  push_found(outbox);
  CHECK(take_and_write(outbox).found.size() == 1);

  CHECK(!has_frame(outbox));
}

TEST_CASE("envelopes go although two frames of lookups are unanswered and more wait", "[wire]") {
  Outbox outbox = asking_outbox();
  push_lookup(outbox);
  push(outbox);

  CHECK(take_and_write(outbox).envelopes.size() == 1);
  CHECK(!has_frame(outbox));
}

TEST_CASE("lookups gather while two frames of them are unanswered", "[wire]") {
  Outbox outbox = asking_outbox();
  for (int i = 0; i < 5; ++i) push_lookup(outbox);

  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame_of_found(1, 1)).ok());
  CHECK(take_and_write(outbox).lookups.size() == 5);
}

TEST_CASE("while others answer, lookups wait for the one frame of them under way", "[wire]") {
  Outbox outbox(options());
  push_lookup(outbox);
  take_and_write(outbox, Others::kAnswer);
  for (int i = 0; i < 49; ++i) push_lookup(outbox);

  CHECK(!has_frame(outbox, Others::kAnswer));

  REQUIRE(outbox.received(frame_of_found(1, 1)).ok());
  // All of them: none is left for a second frame.
  CHECK(take_and_write(outbox, Others::kAnswer).lookups.size() == 49);
  CHECK(outbox.queued_bytes() == 0);
}

TEST_CASE("when the others have fallen silent, what waited goes in a second frame", "[wire]") {
  Outbox outbox(options());
  push_lookup(outbox);
  take_and_write(outbox, Others::kAnswer);
  push_lookup(outbox);
  REQUIRE(!has_frame(outbox, Others::kAnswer));

  CHECK(take(outbox, Others::kSilent).lookups.size() == 1);
}

TEST_CASE("while others answer, what was found waits for nothing and takes lookups along",
          "[wire]") {
  Outbox outbox(options());
  push_lookup(outbox);
  take_and_write(outbox, Others::kAnswer);
  push_lookup(outbox);
  push_found(outbox);

  const Frame both = take_and_write(outbox, Others::kAnswer);
  CHECK(both.lookups.size() == 1);
  CHECK(both.found.size() == 1);
  push_lookup(outbox);
  CHECK(!has_frame(outbox, Others::kAnswer));
}

TEST_CASE("while others answer, two frames of envelopes may be under way all the same", "[wire]") {
  Outbox outbox(options());
  for (int i = 0; i < 2; ++i) {
    push(outbox);
    CHECK(take_and_write(outbox, Others::kAnswer).envelopes.size() == 1);
  }
}

TEST_CASE("what was found goes however many frames are unanswered, and does not count", "[wire]") {
  Outbox outbox(options());
  for (int i = 0; i < 10; ++i) {
    push_found(outbox);
    CHECK(take_and_write(outbox).found.size() == 1);
  }

  push_lookup(outbox);
  CHECK(take_and_write(outbox).lookups.size() == 1);
}

TEST_CASE("lookups and what was found share frames, and no envelope goes with them", "[wire]") {
  Outbox outbox(options());
  push(outbox);
  push_lookup(outbox);
  push(outbox);
  push_found(outbox);

  const Frame reads = take_and_write(outbox);
  const Frame others = take_and_write(outbox);

  CHECK(reads.lookups.size() == 1);
  CHECK(reads.found.size() == 1);
  CHECK(reads.envelopes.empty());
  CHECK(others.envelopes.size() == 2);
  CHECK(others.messages() == 2);
}

TEST_CASE("a flood of reads leaves envelopes every second frame", "[wire]") {
  Outbox outbox(options());
  std::vector<std::size_t> envelopes;
  for (std::uint64_t number = 1; number <= 6; ++number) {
    push_lookup(outbox);
    push_found(outbox);
    push(outbox);
    envelopes.push_back(take_and_write(outbox).envelopes.size());
    REQUIRE(outbox.received(frame_of_found(number, number)).ok());
  }

  CHECK(envelopes == std::vector<std::size_t>{0, 2, 0, 2, 0, 2});
}

TEST_CASE("reads that find the lane free go before envelopes that wait", "[wire]") {
  Outbox outbox(options());
  push(outbox);
  push_found(outbox);
  take_and_write(outbox);
  take_and_write(outbox);

  push(outbox);
  push_found(outbox);

  CHECK(take_and_write(outbox).found.size() == 1);
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

TEST_CASE("two frames of lookups are answered at once, and two of envelopes, but not one of each",
          "[wire]") {
  Outbox outbox(options());
  REQUIRE(outbox.received(frame(1, 0, 1)).ok());
  REQUIRE(outbox.received(frame_of_lookups(2, 0)).ok());
  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame_of_lookups(3, 0)).ok());
  CHECK(take_and_write(outbox).answers == 3);
  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame_of_lookups(4, 0)).ok());
  REQUIRE(outbox.received(frame(5, 0, 1)).ok());
  CHECK(!has_frame(outbox));

  REQUIRE(outbox.received(frame(6, 0, 1)).ok());
  CHECK(take_and_write(outbox).answers == 6);
}

TEST_CASE("a frame of lookups and envelopes counts as one of each", "[wire]") {
  Frame both = frame(1, 0, 1);
  both.lookups = {lookup()};
  Outbox outbox(options());
  REQUIRE(outbox.received(both).ok());
  both.number = 2;
  REQUIRE(outbox.received(both).ok());

  CHECK(take_and_write(outbox).answers == 2);
  CHECK(!has_frame(outbox));
}

TEST_CASE("frames of what was found need no answer", "[wire]") {
  Outbox outbox(options());
  for (std::uint64_t number = 1; number <= 10; ++number) {
    REQUIRE(outbox.received(frame_of_found(number, 0)).ok());
  }

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

// Of the bound, each lane leaves an eighth to the other.

TEST_CASE("a peer that never answers stops at two frames, and then the bound refuses", "[wire]") {
  Outbox outbox = waiting_outbox(options(10000));
  std::size_t queued = 0;
  absl::Status status;
  while ((status = outbox.push(message(), kSent)).ok()) ++queued;

  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(status.message()).find("of at most 8750 bytes") != std::string::npos);
  CHECK(queued > 1000);
  CHECK(outbox.queued_bytes() <= 8750);
  CHECK(!has_frame(outbox));
}

TEST_CASE("reads fit into a queue that is full of envelopes, and the other way round", "[wire]") {
  Outbox of_envelopes(options(10000));
  while (of_envelopes.push(message(), kSent).ok()) continue;
  CHECK(of_envelopes.queued_bytes() > 8700);
  Outbox of_reads(options(10000));
  while (of_reads.push(lookup(), kSent).ok()) continue;
  CHECK(of_reads.queued_bytes() > 8700);

  for (int i = 0; i < 10; ++i) {
    push_lookup(of_envelopes);
    push_found(of_envelopes);
    push(of_reads);
  }
}

TEST_CASE("no more waits in both lanes together than the bound", "[wire]") {
  Outbox outbox(options(10000));
  while (outbox.push(message(), kSent).ok()) continue;
  absl::Status status;
  while ((status = outbox.push(lookup(), kSent)).ok()) continue;

  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(outbox.queued_bytes() <= 10000);
  CHECK(outbox.queued_bytes() > 9900);
}

TEST_CASE("a queue that was full takes messages again", "[wire]") {
  Outbox outbox(options(1000));
  while (outbox.push(message(), kSent).ok()) continue;

  take(outbox);

  CHECK(outbox.push(message(), kSent).ok());
}

TEST_CASE("what is refused is not queued", "[wire]") {
  Outbox outbox(options(1128));
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
  push_lookup(outbox);

  CHECK(outbox.reset() == 4);

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
  // Lookups that came and were not answered: at times their answers come late.
  std::size_t asked = 0;
  std::uint64_t pushed = 0;
  std::uint64_t received = 0;
  std::uint64_t lookups = 0;
  std::uint64_t found = 0;
};

TEST_CASE("two ends never block each other, whatever the order of events", "[wire]") {
  constexpr std::uint64_t kMessages = 300;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    // Of every other seed.
    const Others others = seed % 2 == 0 ? Others::kAnswer : Others::kSilent;
    End ends[2];
    const auto step = [&](std::size_t i) {
      End& end = ends[i];
      switch (random.below(6)) {
        case 0:
          if (end.pushed == kMessages) break;
          push(end.outbox);
          ++end.pushed;
          break;
        case 1:
          if (end.lookups == kMessages) break;
          push_lookup(end.outbox);
          ++end.lookups;
          break;
        case 2:
          for (; end.asked > 0; --end.asked) push_found(end.outbox);
          break;
        case 3:
          end.outbox.written();
          break;
        case 4:
          if (auto bytes = end.outbox.take_frame(kSent, others)) {
            ends[1 - i].incoming.push_back(*bytes);
          }
          break;
        case 5:
          if (end.incoming.empty()) break;
          const std::string bytes = std::move(end.incoming.front());
          end.incoming.pop_front();
          const absl::StatusOr<Frame> frame = decode_frame(bytes, kSent);
          REQUIRE(frame.ok());
          REQUIRE(end.outbox.received(*frame).ok());
          end.received += frame->envelopes.size();
          end.asked += frame->lookups.size();
          end.found += frame->found.size();
          break;
      }
    };
    for (int i = 0; i < 30000; ++i) step(random.below(2));

    INFO("seed " << seed);
    for (const std::size_t i : {0, 1}) {
      CHECK(ends[i].pushed == kMessages);
      CHECK(ends[i].received == kMessages);
      CHECK(ends[i].lookups == kMessages);
      CHECK(ends[i].found == kMessages);
    }
  }
}

}  // namespace
}  // namespace sojourn::wire
