// Transports of several members in one process, over real loopback connections.

#include "transport/grpc_transport.h"

#include "support/catch.h"
#include "support/ports.h"
#include "unit/transport/participant.h"

namespace sojourn::transport {
namespace {

TEST_CASE("members connect and hear each other", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  Participant c(options_of("c", ports), 3);
  REQUIRE(a.wait_up("b"));
  REQUIRE(a.wait_up("c"));
  REQUIRE(b.wait_up("a"));
  REQUIRE(b.wait_up("c"));
  REQUIRE(c.wait_up("a"));
  REQUIRE(c.wait_up("b"));

  CHECK(a.send("b", request(1)).ok());
  CHECK(c.send("b", request(2)).ok());
  REQUIRE(b.wait_envelopes(2));
  CHECK(b.send("a", request(3)).ok());
  REQUIRE(a.wait_envelopes(1));

  const node::Envelope heard = a.seen().envelopes[0];
  CHECK(number_of(heard) == 3);
  CHECK(heard.from == Incarnation{2});
  CHECK(heard.epoch == 1);
  CHECK(c.seen().envelopes.empty());
}

TEST_CASE("messages that are sent together share frames and keep their order",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  constexpr std::uint64_t kMessages = 10000;

  for (std::uint64_t i = 1; i <= kMessages; ++i) REQUIRE(a.send("b", request(i)).ok());

  REQUIRE(b.wait_envelopes(kMessages));
  const Participant::Seen seen = b.seen();
  CHECK(seen.frames < kMessages / 2);
  for (std::uint64_t i = 0; i < kMessages; ++i) REQUIRE(number_of(seen.envelopes[i]) == i + 1);
}

TEST_CASE("messages that go both ways at once all arrive", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));

  for (std::uint64_t i = 1; i <= 2000; ++i) {
    REQUIRE(a.send("b", request(i, 500)).ok());
    REQUIRE(b.send("a", request(i, 500)).ok());
  }

  CHECK(a.wait_envelopes(2000));
  CHECK(b.wait_envelopes(2000));
  CHECK(a.transport().queue_bytes() == 0);
}

TEST_CASE("the next frame is read while what follows the last one takes its time",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  b.pause_after_frames();

  REQUIRE(a.send("b", request(1)).ok());
  REQUIRE(b.wait([](const auto& seen) { return seen.after_frames == 1; }));
  REQUIRE(a.send("b", request(2)).ok());

  REQUIRE(b.wait_envelopes(2));
  b.go_on();
  CHECK(b.wait([](const auto& seen) { return seen.after_frames == 2; }));
}

TEST_CASE("a lookup is answered while a member has not handled what came before",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  b.be_busy();
  for (std::uint64_t i = 1; i <= 2000; ++i) REQUIRE(a.send("b", request(i, 1000)).ok());

  CHECK(a.look_up("b").ok());

  CHECK(a.wait_found(1));
  CHECK(a.transport().queue_bytes() > 0);
}

TEST_CASE("lookups to a member go one frame at a time only while another member answers",
          "[transport][grpc]") {
  const std::vector<int> ports = support::free_ports(3);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 1);
  Participant c(options_of("c", ports), 1);
  REQUIRE(a.wait_up("b"));
  REQUIRE(a.wait_up("c"));
  REQUIRE(c.wait_up("a"));
  a.stop_clock();
  c.be_silent();

  std::size_t frames = 3;
  SECTION("it does") {
    REQUIRE(a.look_up("b").ok());
    REQUIRE(a.wait_found(1));
    frames = 2;
  }
  SECTION("it does not") {}
  for (int i = 0; i < 2; ++i) REQUIRE(a.look_up("c").ok());
  // Which lookups that may go precede.
  REQUIRE(a.send("c", request(1)).ok());

  REQUIRE(c.wait_envelopes(1));
  CHECK(c.seen().frames == frames);
}

TEST_CASE("what was found comes to a member that has not handled what came before",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));
  a.be_busy();
  for (std::uint64_t i = 1; i <= 2000; ++i) REQUIRE(b.send("a", request(i, 1000)).ok());

  CHECK(a.look_up("b").ok());

  CHECK(a.wait_found(1));
  CHECK(b.transport().queue_bytes() > 0);
}

TEST_CASE("the largest message arrives whole", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  replication::Request large = request(1);
  large.operation.steps.clear();
  for (int i = 0; i < 128; ++i) {
    large.operation.steps.push_back({"name" + std::to_string(i), std::string(16 * 1024, 'x')});
  }

  CHECK(a.send("b", large).ok());

  REQUIRE(b.wait_envelopes(1));
  const node::Envelope heard = b.seen().envelopes[0];
  CHECK(std::get<replication::Request>(heard.message).operation.steps.size() == 128);
}

TEST_CASE("sending to a member that is not connected is unavailable", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);

  const absl::Status status = a.send("b", request(1));

  CHECK(absl::IsUnavailable(status));
  CHECK(status.message() == "member b is not connected");
}

TEST_CASE("an address that is taken is an error that names it", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant again(options_of("a", ports), 2);

  CHECK(absl::IsUnavailable(again.status()));
  CHECK(std::string(again.status().message()).find(std::to_string(ports[0])) != std::string::npos);
}

TEST_CASE("a member of another cluster is refused, and both sides say so once",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  StoreOptions other = options_of("b", ports);
  other.cluster = "other";
  Participant a(options_of("a", ports), 1);
  auto b = std::make_unique<Participant>(other, 2);

  const std::string reason =
      "member a of cluster 'test' was refused by member b of cluster 'other': the clusters differ";
  CHECK(b->wait_refused(reason));
  CHECK(a.wait_refused(reason));
  CHECK(absl::IsUnavailable(a.send("b", request(1))));

  b.reset();
  b = std::make_unique<Participant>(options_of("b", ports), 3);

  CHECK(a.wait_up("b"));
  CHECK(a.seen().changes.size() == 1);
  CHECK(a.seen().refusals.size() == 1);
}

TEST_CASE("a member that is not in the list is refused", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  StoreOptions without_a = options_of("b", ports);
  without_a.members[0].name = "z";
  Participant a(options_of("a", ports), 1);
  Participant b(without_a, 2);

  CHECK(
      a.wait_refused("member a of cluster 'test' was refused by member b of cluster 'test': it is "
                     "not in the list of members"));
  CHECK(b.wait_refused("it is not in the list of members"));
}

TEST_CASE("an address that leads to another member is reported", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  StoreOptions mixed_up = options_of("a", ports);
  std::swap(mixed_up.members[1].address, mixed_up.members[2].address);
  Participant a(mixed_up, 1);
  Participant b(options_of("b", ports), 2);
  Participant c(options_of("c", ports), 3);

  CHECK(b.wait_refused("it dialled an address that should lead to member c"));
  CHECK(c.wait_refused("it dialled an address that should lead to member b"));
  CHECK(a.wait_refused("it dialled an address that should lead to member c"));
}

TEST_CASE("a member that restarts is connected again", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  auto b = std::make_unique<Participant>(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));

  b.reset();
  REQUIRE(a.wait_down("b"));
  b = std::make_unique<Participant>(options_of("b", ports), 3);

  REQUIRE(a.wait_up("b", 2));
  REQUIRE(b->wait_up("a"));
  CHECK(b->send("a", request(7)).ok());
  REQUIRE(a.wait_envelopes(1));
  CHECK(a.seen().envelopes[0].from == Incarnation{3});
}

TEST_CASE("a dialling member that restarts is connected again", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  auto a = std::make_unique<Participant>(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(b.wait_up("a"));

  a.reset();
  REQUIRE(b.wait_down("a"));
  a = std::make_unique<Participant>(options_of("a", ports), 3);

  CHECK(b.wait_up("a", 2));
}

TEST_CASE("a connection that was cut is made anew", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));

  b.transport().disconnect("a", "it says nothing");

  CHECK(a.wait_up("b", 2));
  CHECK(b.wait_up("a", 2));
  CHECK(b.seen().changes == std::vector<std::string>{"up a", "down a: it says nothing", "up a"});
}

TEST_CASE("stopping under load neither hangs nor reports anything afterwards",
          "[transport][grpc]") {
  for (int round = 0; round < 5; ++round) {
    const auto ports = support::free_ports(2);
    Participant a(options_of("a", ports), 1);
    Participant b(options_of("b", ports), 2);
    REQUIRE(a.wait_up("b"));
    REQUIRE(b.wait_up("a"));
    for (std::uint64_t i = 1; i <= 1000; ++i) {
      (void)a.send("b", request(i, 1000));  // whether it arrives is not the question
      (void)b.send("a", request(i, 1000));
    }

    a.transport().stop();
    const std::size_t frames = a.seen().frames;
    CHECK(absl::IsUnavailable(a.send("b", request(1))));
    b.transport().stop();
    CHECK(a.seen().frames == frames);
    CHECK(a.seen().downs("b") == 0);
  }
}

TEST_CASE("stopping while dialling does not hang", "[transport][grpc]") {
  for (int round = 0; round < 20; ++round) {
    const auto ports = support::free_ports(3);
    Participant a(options_of("a", ports), 1);
    Participant b(options_of("b", ports), 2);
  }
}

TEST_CASE("a member alone needs no port", "[transport][grpc]") {
  Participant a(options_of("a", {1}), {.incarnation = Incarnation{1}});
  Participant same(options_of("a", {1}), {.incarnation = Incarnation{2}});

  CHECK(a.status().ok());
  CHECK(same.status().ok());
}

TEST_CASE("members that have peers must listen", "[transport][grpc]") {
  Participant a(options_of("a", {1}), {.incarnation = Incarnation{1}, .peers = {{"b", "[::1]:1"}}});

  CHECK(absl::IsInvalidArgument(a.status()));
}

}  // namespace
}  // namespace sojourn::transport
