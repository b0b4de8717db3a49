// What a member makes of peers that do not behave.

#include "unit/transport/stranger.h"

#include "base/hash.h"
#include "support/catch.h"
#include "support/ports.h"
#include "unit/transport/participant.h"

namespace sojourn::transport {
namespace {

constexpr auto kBadFrame = grpc::StatusCode::INVALID_ARGUMENT;
constexpr auto kRefused = grpc::StatusCode::FAILED_PRECONDITION;

wire::Frame frame_of_a() {
  return {.number = 1, .cluster = stable_hash("test"), .from = Incarnation{1}};
}

TEST_CASE("a peer that sends garbage loses its stream, and nobody else does", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant b(options_of("b", ports), 2);
  Participant c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("c"));
  wire::Frame of_another = frame_of_a();
  of_another.from = Incarnation{99};
  wire::Frame of_another_cluster = frame_of_a();
  of_another_cluster.cluster = stable_hash("other");
  wire::Frame out_of_order = frame_of_a();
  out_of_order.number = 5;
  wire::Frame answers_nothing = frame_of_a();
  answers_nothing.answers = 1;

  std::uint64_t rejected = 0;
  for (const std::string& bytes :
       {std::string("garbage"), std::string(1000, '\xff'), std::string(),
        wire::encode_frame(of_another, now()), wire::encode_frame(of_another_cluster, now()),
        wire::encode_frame(out_of_order, now()), wire::encode_frame(answers_nothing, now())}) {
    Stranger stranger({.port = ports[1], .identity = member_a()});
    stranger.write(bytes);
    CHECK(stranger.wait_ended().error_code() == kBadFrame);
    CHECK(b.transport().frames_rejected() == ++rejected);
  }

  CHECK(b.wait_refused("member a sent a bad frame: "));
  CHECK(c.send("b", request(1)).ok());
  CHECK(b.wait_envelopes(1));
  CHECK(b.seen().downs("c") == 0);
}

TEST_CASE("a frame beyond the bound ends its stream", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), 2);
  Stranger stranger({.port = ports[1], .identity = member_a()});

  stranger.write(std::string(wire::kFrameBytesMax + 1, 'x'));

  CHECK(stranger.wait_ended().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(b.wait_down("a"));
}

TEST_CASE("a peer that stops reading fills its own queue and no other", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  StoreOptions options = options_of("b", ports);
  options.peer_queue_bytes = std::size_t{1} << 20;
  Participant b(options, 2);
  Participant c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("c"));
  Stranger stranger({.port = ports[1], .identity = member_a(), .reads = false});
  REQUIRE(b.wait_up("a"));

  absl::Status status;
  std::uint64_t sent = 0;
  while (status.ok() && sent < 10000) status = b.send("a", request(++sent, 16 * 1024));

  CHECK(absl::IsResourceExhausted(status));
  CHECK(std::string(status.message()).find("member a: ") == 0);
  CHECK(b.transport().queue_bytes() <= options.peer_queue_bytes);
  CHECK(b.send("c", request(1)).ok());
  CHECK(c.wait_envelopes(1));

  b.transport().disconnect("a", "it does not read");

  CHECK(b.wait_down("a"));
  CHECK(b.transport().queue_bytes() == 0);
}

TEST_CASE("callers that are not who they should be are refused with a reason",
          "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant b(options_of("b", ports), 2);
  const auto refuses = [&](const Identity& identity, const std::string& reason) {
    Stranger stranger({.port = ports[1], .identity = identity});
    const grpc::Status status = stranger.wait_ended();
    INFO(status.error_message());
    CHECK(status.error_code() == kRefused);
    CHECK(status.error_message().find(reason) != std::string::npos);
    CHECK(b.wait_refused(reason));
  };

  Identity caller = member_a();
  caller.cluster = "x";
  refuses(caller, "member a of cluster 'x' was refused by member b of cluster 'test'");
  caller = member_a();
  caller.member = "stranger";
  refuses(caller, "it is not in the list of members");
  caller = member_a();
  caller.member = "b";
  refuses(caller, "it is not in the list of members");
  caller = member_a();
  caller.member = "c";
  refuses(caller, "it is to be dialled, not to dial");
  caller = member_a();
  caller.incarnation = {};
  refuses(caller, "it has no incarnation");
  caller = member_a();
  caller.addressee = "c";
  refuses(caller, "it dialled an address that should lead to member c");
  caller = member_a();
  caller.wire_min = 2;
  caller.wire_max = 3;
  refuses(caller, "it speaks wire versions 2 to 3, and the other one 1 to 1");
  CHECK(b.seen().changes.empty());
}

TEST_CASE("another method is not there, and nothing to report", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), 2);
  Stranger stranger({.port = ports[1], .identity = member_a(), .method = "/other.Service/Method"});

  CHECK(stranger.wait_ended().error_code() == grpc::StatusCode::UNIMPLEMENTED);
  CHECK(b.seen().refusals.empty());
}

TEST_CASE("a newer connection of a member replaces the older one", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), 2);
  Stranger older({.port = ports[1], .identity = member_a()});
  REQUIRE(b.wait_up("a"));
  Identity restarted = member_a();
  restarted.incarnation = Incarnation{9};

  Stranger newer({.port = ports[1], .identity = restarted});

  CHECK_FALSE(older.wait_ended().ok());
  REQUIRE(b.wait_up("a", 2));
  wire::Frame frame = frame_of_a();
  frame.from = restarted.incarnation;
  frame.envelopes.push_back({.cluster = frame.cluster, .from = frame.from, .message = request(1)});
  newer.write(wire::encode_frame(frame, now()));
  CHECK(b.wait_envelopes(1));
  CHECK(b.seen().changes ==
        std::vector<std::string>{"up a", "down a: a newer connection replaced it", "up a"});
}

}  // namespace
}  // namespace sojourn::transport
