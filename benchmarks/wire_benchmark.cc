// What it costs to write and to read frames: per frame, and per message as items a second.

#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "wire/frame.h"
#include "wire/outbox.h"

namespace sojourn::wire {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time(std::chrono::hours(1));
constexpr int kMessages = 50;
const std::string kId = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

// A session with 512 bytes of attributes.
session::RecordRef session_record() {
  static const std::vector<std::pair<std::string, std::string>> values = {
      {"csrf", std::string(40, 'c')},
      {"email", "ana@example.org"},
      {"roles", std::string(100, 'r')},
      {"token", std::string(337, 't')}};
  std::vector<session::AttributeView> attributes;
  attributes.reserve(values.size());
  for (const auto& [name, value] : values) attributes.push_back({name, value});
  return session::Record::make({.id = kId,
                                .phase = Phase::kActive,
                                .subject = "ana",
                                .version = {.epoch = 3, .sequence = 123456},
                                .created_at = kNow - 1h,
                                .last_seen = kNow - 5s,
                                .attributes = attributes});
}

node::Message get() {
  return replication::Request{.number = 1000000,
                              .settled = 999950,
                              .time_left = 250ms,
                              .operation = {.verb = replication::Verb::kGet, .id = kId}};
}

node::Message reply() {
  return replication::Reply{.number = 1000000,
                            .result = {.record = session_record(), .last_seen = kNow - 5s}};
}

node::Message replicate() {
  return replication::Replicate{.segment = {1234},
                                .version = {.epoch = 3, .sequence = 123456},
                                .committed = {.epoch = 3, .sequence = 123455},
                                .operation = {{0x123456789abcdef0}, 1000000},
                                .entries = {{kId, session_record()}}};
}

node::Message replicate_ack() {
  return replication::ReplicateAck{{1234}, {.epoch = 3, .sequence = 123456}};
}

node::Envelope envelope_of(node::Message message) {
  return {.cluster = 1, .generation = 1, .epoch = 3, .from = {2}, .message = std::move(message)};
}

using MakeMessage = node::Message();

void count(benchmark::State& state, std::size_t frame_bytes) {
  state.SetItemsProcessed(state.iterations() * kMessages);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame_bytes));
}

// From messages to the bytes to be written, through the outbox.
void BM_Write(benchmark::State& state, MakeMessage* make) {
  const std::vector<node::Envelope> envelopes(kMessages, envelope_of(make()));
  Outbox outbox({.cluster = 1, .from = {2}});
  Frame answer = {.number = 0, .answers = 0, .cluster = 1, .from = {3}};
  std::size_t frame_bytes = 0;
  for (auto _ : state) {
    for (const node::Envelope& envelope : envelopes) {
      benchmark::DoNotOptimize(outbox.push(envelope, kNow).ok());
    }
    const std::optional<std::string> bytes = outbox.take_frame(kNow);
    frame_bytes = bytes->size();
    outbox.written();
    ++answer.number;
    ++answer.answers;
    benchmark::DoNotOptimize(outbox.received(answer).ok());
  }
  count(state, frame_bytes);
}
BENCHMARK_CAPTURE(BM_Write, get, get);
BENCHMARK_CAPTURE(BM_Write, reply, reply);
BENCHMARK_CAPTURE(BM_Write, replicate, replicate);
BENCHMARK_CAPTURE(BM_Write, replicate_ack, replicate_ack);

// From the bytes that were read to messages.
void BM_Read(benchmark::State& state, MakeMessage* make) {
  const std::string bytes =
      encode_frame({.number = 1,
                    .cluster = 1,
                    .from = {2},
                    .envelopes = std::vector<node::Envelope>(kMessages, envelope_of(make()))},
                   kNow);
  for (auto _ : state) {
    const auto frame = decode_frame(bytes, kNow);
    benchmark::DoNotOptimize(frame.ok());
  }
  count(state, bytes.size());
}
BENCHMARK_CAPTURE(BM_Read, get, get);
BENCHMARK_CAPTURE(BM_Read, reply, reply);
BENCHMARK_CAPTURE(BM_Read, replicate, replicate);
BENCHMARK_CAPTURE(BM_Read, replicate_ack, replicate_ack);

}  // namespace
}  // namespace sojourn::wire
