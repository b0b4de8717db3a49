// Bulk transfers, which have a stream of their own.

#include "transport/bulk.h"

#include "support/catch.h"
#include "support/ports.h"
#include "unit/transport/participant.h"
#include "unit/transport/silent_listener.h"
#include "unit/transport/stranger.h"

namespace sojourn::transport {
namespace {

replication::Chunk bulk_message(std::uint32_t number) {
  return {.segment = SegmentId{1}, .transfer = 1, .index = number};
}

TEST_CASE("bulk messages arrive in order, both ways", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));
  constexpr std::uint32_t kMessages = 2000;

  for (std::uint32_t i = 0; i < kMessages; ++i) {
    REQUIRE(a.send("b", bulk_message(i)).ok());
    REQUIRE(b.send("a", bulk_message(i)).ok());
  }

  REQUIRE(a.wait_envelopes(kMessages));
  REQUIRE(b.wait_envelopes(kMessages));
  const std::vector<node::Envelope> heard = b.seen().envelopes;
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    REQUIRE(std::get<replication::Chunk>(heard[i].message).index == i);
  }
  CHECK(a.seen().changes == std::vector<std::string>{"up b"});
  CHECK(b.seen().changes == std::vector<std::string>{"up a"});
}

TEST_CASE("a bulk stream that is stuck does not delay other messages", "[transport][grpc]") {
  const int port = support::free_ports(1)[0];
  // Where bulk streams to a lead: they never come up.
  const SilentListener silent;
  StoreOptions options = options_of("b", {silent.port(), port});
  options.peer_queue_bytes = std::size_t{256} << 10;
  Participant b(options, 2);
  Stranger a({.port = port, .identity = member_a()});
  REQUIRE(b.wait_up("a"));

  absl::Status status;
  for (std::uint32_t i = 0; status.ok() && i < 1000000; ++i) {
    status = b.send("a", bulk_message(i));
  }

  CHECK(absl::IsResourceExhausted(status));
  CHECK(b.send("a", request(1)).ok());
  CHECK(b.seen().downs("a") == 0);
}

TEST_CASE("a bulk stream ends with the connection beside it, and is made again",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));
  REQUIRE(a.send("b", bulk_message(1)).ok());
  REQUIRE(b.wait_envelopes(1));

  b.reincarnate(22);
  REQUIRE(a.wait_up("b", 2));
  REQUIRE(b.wait_up("a", 2));
  // What was queued may be lost with the older stream.
  while (b.seen().envelopes.size() < 2) (void)a.send("b", bulk_message(2));
  while (a.seen().envelopes.empty()) (void)b.send("a", bulk_message(3));

  CHECK(a.seen().envelopes[0].from == Incarnation{22});
}

TEST_CASE("a bulk message to a member that is not connected is unavailable", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);

  CHECK(absl::IsUnavailable(a.send("b", bulk_message(1))));
}

TEST_CASE("a bulk stream of nobody who is connected is turned away", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), 2);
  Identity caller = member_a();
  caller.bulk = true;
  Stranger stranger({.port = ports[1], .identity = caller});

  CHECK(stranger.wait_ended().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(b.seen().changes.empty());
}

}  // namespace
}  // namespace sojourn::transport
