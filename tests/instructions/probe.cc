// Does one thing a thousand times, for Callgrind to count the instructions of: check.py says what
// is counted. What is measured stands in functions of its own, by whose names Callgrind knows when.
//
//   instructions_probe get_local|find_of_few_segments|prefetch_put|cookie_decode|frame_encode|
//                      frame_decode

#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ring/placement.h"
#include "session/id_draw.h"
#include "sojourn/cookie.h"
#include "sojourn/sync_store.h"
#include "support/ports.h"
#include "table/table.h"
#include "wire/frame.h"

namespace {

using namespace std::chrono_literals;
using namespace sojourn;

constexpr int kTimes = 1000;
constexpr int kMessages = 50;
constexpr Time kNow{1h};
constexpr std::string_view kId = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

}  // namespace

// The names that check.py tells Callgrind.
extern "C" {

__attribute__((noinline)) int measured_get_local(const Store& store, const SessionId& id) {
  const auto session = store.get_local(id);
  return session && session->ok() ? 1 : 0;
}

__attribute__((noinline)) int measured_find_of_few_segments(const table::Table& table,
                                                            const table::Key& key) {
  return table.peek(key) ? 1 : 0;
}

__attribute__((noinline)) int measured_prefetch_put(const table::Table& table,
                                                    const session::Record& record,
                                                    const table::Key& key) {
  table.prefetch_put(record, key);
  return 1;
}

__attribute__((noinline)) int measured_cookie_decode(const CookieCodec& codec,
                                                     const std::string& value) {
  return codec.read(value).ok() ? 1 : 0;
}

__attribute__((noinline)) int measured_frame_encode(const wire::Frame& frame) {
  return wire::encode_frame(frame, kNow).empty() ? 0 : 1;
}

__attribute__((noinline)) int measured_frame_decode(const std::string& bytes) {
  return wire::decode_frame(bytes, kNow).ok() ? 1 : 0;
}
}

namespace {

// Once before it counts, so that what is made once is there.
int repeat(const std::function<int()>& measured) {
  int done = 0;
  for (int i = 0; i < kTimes; ++i) done += measured();
  return done == kTimes ? 0 : 1;
}

int get_local() {
  StoreOptions options;
  options.name = "a";
  options.members = {
      {.name = "a", .address = "127.0.0.1:" + std::to_string(support::free_ports(1)[0])}};
  options.insecure = true;
  // Callgrind is slow, and the right to answer must not be lost meanwhile.
  options.heartbeat_interval = 2s;
  options.lease = 60s;
  auto store = SyncStore::open(std::move(options));
  if (!store.ok() || !store->wait_ready(60s).ok()) return 1;
  const auto made = store->create(NewSession("ana@example.org").with("role", std::string(480, 'r')),
                                  {.timeout = 30s});
  if (!made.ok()) return 1;
  const SessionId id = made->id();
  return repeat([&] { return measured_get_local(store->store(), id); });
}

// A member may hold a quarter of the segments, as of eight members each does of two copies, and
// some of these stand side by side.
int find_of_few_segments() {
  table::Table table;
  SeededRandom random(1);
  std::vector<std::string> ids;
  for (int i = 0; i < 20 * kTimes; ++i) {
    ids.push_back(session::draw_id_until(random, 1000, [](std::string_view id) {
      return ring::segment_of(id, 4096).value % 32 < 8;
    }));
    table.put(session::Record::make({.id = ids.back(),
                                     .phase = Phase::kActive,
                                     .lifetime = {.idle = 1h, .absolute = 1h},
                                     .version = {.epoch = 1, .sequence = 1},
                                     .created_at = kNow,
                                     .last_seen = kNow}));
  }
  std::size_t next = 0;
  return repeat([&] {
    next += ids.size() / kTimes;
    return measured_find_of_few_segments(table, table::Key(ids[next % ids.size()]));
  });
}

// The budget is there for its lower end: a compiler may take what only fetches for needless.
int prefetch_put() {
  table::Table table;
  const session::RecordRef record = session::Record::make({.id = kId,
                                                           .phase = Phase::kActive,
                                                           .subject = "ana@example.org",
                                                           .lifetime = {.idle = 1h, .absolute = 1h},
                                                           .version = {.epoch = 1, .sequence = 1},
                                                           .created_at = kNow,
                                                           .last_seen = kNow});
  table.put(record);
  const table::Key key(kId);
  return repeat([&] { return measured_prefetch_put(table, *record, key); });
}

int cookie_decode() {
  const CookieCodec codec =
      *CookieCodec::make({.keys = {{.id = 'a', .secret = std::string(32, 'A')}}});
  const std::string value = codec.value(*SessionId::parse(kId), "auth-0");
  return repeat([&] { return measured_cookie_decode(codec, value); });
}

// Answers to gets, each with a session of 512 bytes.
wire::Frame frame() {
  const std::string value(480, 'v');
  const std::vector<session::AttributeView> attributes = {{"token", value}};
  const session::RecordRef record =
      session::Record::make({.id = kId,
                             .phase = Phase::kActive,
                             .subject = "ana",
                             .version = {.epoch = 3, .sequence = 123456},
                             .created_at = kNow - 1h,
                             .last_seen = kNow - 5s,
                             .attributes = attributes});
  const node::Envelope envelope = {
      .cluster = 1,
      .generation = 1,
      .epoch = 3,
      .from = {2},
      .message = replication::Reply{.number = 1000000,
                                    .result = {.record = record, .last_seen = kNow - 5s}}};
  return {.number = 1,
          .cluster = 1,
          .from = {2},
          .envelopes = std::vector<node::Envelope>(kMessages, envelope)};
}

int frame_encode() {
  const wire::Frame whole = frame();
  return repeat([&] { return measured_frame_encode(whole); });
}

int frame_decode() {
  const std::string bytes = wire::encode_frame(frame(), kNow);
  return repeat([&] { return measured_frame_decode(bytes); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string_view, int (*)()> all = {
      {"get_local", get_local},       {"find_of_few_segments", find_of_few_segments},
      {"prefetch_put", prefetch_put}, {"cookie_decode", cookie_decode},
      {"frame_encode", frame_encode}, {"frame_decode", frame_decode}};
  const auto found = argc == 2 ? all.find(argv[1]) : all.end();
  if (found == all.end()) {
    std::fputs(
        "instructions_probe "
        "get_local|find_of_few_segments|prefetch_put|cookie_decode|frame_encode|frame_decode\n",
        stderr);
    return 2;
  }
  return found->second();
}
