// Frames as any peer may send them. What is accepted is within all bounds and means the same when
// it is written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/frame.h"
#include "wire/outbox.h"

namespace {

using sojourn::Time;
using sojourn::wire::decode_frame;
using sojourn::wire::encode_frame;
using sojourn::wire::Frame;
using sojourn::wire::Outbox;

constexpr Time kNow = Time(std::chrono::hours(1));

void expect(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

void check_reading_again(const Frame& frame) {
  const std::string bytes = encode_frame(frame, kNow);
  const auto again = decode_frame(bytes, kNow);
  expect(again.ok(), "what is accepted is accepted again");
  expect(again->envelopes.size() == frame.envelopes.size() && again->messages() == frame.messages(),
         "no message is lost");
  expect(encode_frame(*again, kNow) == bytes, "what is accepted reads the same again");
}

// The outbox has all messages of the frame, which was the first to come.
void check_sending(Outbox& outbox, const Frame& frame) {
  std::size_t envelopes = 0;
  std::size_t reads = 0;
  for (std::uint64_t number = 1; const auto bytes = outbox.take_frame(kNow); ++number) {
    const auto sent = decode_frame(*bytes, kNow);
    expect(sent.ok(), "what is sent is accepted");
    expect(sent->envelopes.empty() || sent->envelopes.size() == sent->messages(),
           "no frame has messages of both lanes");
    envelopes += sent->envelopes.size();
    reads += sent->lookups.size() + sent->found.size();
    outbox.written();
    const Frame answer = {.number = number + 1, .answers = number};
    expect(outbox.received(answer).ok(), "an answer to what was sent is accepted");
  }
  expect(envelopes == frame.envelopes.size() && envelopes + reads == frame.messages(),
         "all messages are sent");
}

void check_outbox(const Frame& frame) {
  Outbox outbox({.cluster = frame.cluster, .from = frame.from});
  for (const auto& envelope : frame.envelopes) {
    expect(outbox.push(envelope, kNow).ok(), "what came in a frame fits into a queue");
  }
  for (const auto& lookup : frame.lookups) {
    expect(outbox.push(lookup, kNow).ok(), "a lookup that came in a frame fits into a queue");
  }
  for (const auto& found : frame.found) {
    expect(outbox.push(found, kNow).ok(), "what was found fits into a queue");
  }
  const bool follows = outbox.received(frame).ok();
  expect(follows == (frame.number == 1 && frame.answers == 0), "only a first frame comes first");
  if (follows) check_sending(outbox, frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto frame =
      decode_frame(std::string_view(reinterpret_cast<const char*>(data), size), kNow);
  if (frame.ok()) {
    check_reading_again(*frame);
    check_outbox(*frame);
  }
  return 0;
}
