// Peers that come, go and move while the transport runs.

#include "support/catch.h"
#include "support/ports.h"
#include "unit/transport/participant.h"
#include "unit/transport/silent_listener.h"

namespace sojourn::transport {
namespace {

// Listens, and has no peers yet.
Presence alone(const std::string& self, const std::vector<int>& ports, std::uint64_t incarnation) {
  Presence presence = presence_of(options_of(self, ports), incarnation);
  presence.peers.clear();
  return presence;
}

std::vector<Peer> peers_of(const std::string& self, const std::vector<int>& ports) {
  return presence_of(options_of(self, ports), 1).peers;
}

TEST_CASE("a peer that is added is connected, whoever of the two dials", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant a(options_of("a", ports), alone("a", ports, 1));
  Participant b(options_of("b", ports), 2);
  Participant c(options_of("c", ports), 3);
  REQUIRE(c.wait_up("b"));

  a.transport().set_peers(peers_of("a", ports));

  CHECK(a.wait_up("b"));
  CHECK(a.wait_up("c"));
  CHECK(b.wait_up("a"));
  CHECK(a.send("c", request(1)).ok());
  CHECK(c.wait_envelopes(1));
}

TEST_CASE("a member accepts who has become a peer", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), alone("b", ports, 2));
  Participant a(options_of("a", ports), 1);
  REQUIRE(b.wait_introduced("a at 127.0.0.1:" + std::to_string(ports[0])));
  CHECK(b.seen().changes.empty());

  b.transport().set_peers(peers_of("b", ports));

  CHECK(b.wait_up("a"));
  // That it was too early is nobody's mistake.
  CHECK(a.seen().refusals.empty());
  CHECK(b.seen().refusals.empty());
}

TEST_CASE("a member that is a peer no more is disconnected and stays so", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), presence_of(options_of("b", ports), 2));
  Participant c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("a"));
  REQUIRE(b.wait_up("c"));
  REQUIRE(a.wait_up("b"));

  b.transport().set_peers({});

  CHECK(b.wait_down("a"));
  CHECK(b.wait_down("c"));
  CHECK(absl::IsUnavailable(b.send("a", request(1))));
  CHECK(absl::IsUnavailable(b.send("c", request(1))));
  // It dials again, and is not let in.
  CHECK(b.wait_introduced("a at 127.0.0.1:" + std::to_string(ports[0])));
  CHECK(b.seen().ups("a") == 1);
  CHECK(b.seen().ups("c") == 1);
}

TEST_CASE("a peer that is dropped and added again is connected again", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant b(options_of("b", ports), presence_of(options_of("b", ports), 2));
  Participant a(options_of("a", ports), 1);
  Participant c(options_of("c", ports), 3);
  for (int round = 1; round <= 5; ++round) {
    REQUIRE(b.wait_up("a", round));
    REQUIRE(b.wait_up("c", round));

    b.transport().set_peers({});
    b.transport().set_peers(peers_of("b", ports));
  }
  CHECK(b.wait_up("a", 6));
  CHECK(b.wait_up("c", 6));
}

TEST_CASE("a peer that moves is dialled where it is now", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  const int elsewhere = support::free_ports(1)[0];
  Participant a(options_of("a", ports), 1);
  auto b = std::make_unique<Participant>(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  b.reset();
  REQUIRE(a.wait_down("b"));
  b = std::make_unique<Participant>(options_of("b", {ports[0], elsewhere}), 3);

  a.transport().set_peers(peers_of("a", {ports[0], elsewhere}));

  CHECK(a.wait_up("b", 2));
}

TEST_CASE("an attempt at an address that nobody answers does not hold up the next address",
          "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  // Connects, and then nothing comes.
  SilentListener silent;
  Participant a(options_of("a", {ports[0], silent.port()}), 1);
  Participant b(options_of("b", ports), 2);
  silent.wait_connected();

  a.transport().set_peers(peers_of("a", ports));

  // Long before the attempt would have been given up.
  CHECK(a.wait_up("b"));
}

TEST_CASE("a peer whose address changes stays connected", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));

  a.transport().set_peers({{"b", "127.0.0.1:1"}});
  b.transport().set_peers({{"a", "127.0.0.1:1"}});

  CHECK(a.send("b", request(1)).ok());
  CHECK(b.wait_envelopes(1));
  CHECK(a.seen().changes.size() == 1);
}

TEST_CASE("plain text is not spoken beyond loopback unless that was asked for",
          "[transport][grpc]") {
  const auto ports = support::free_ports(1);
  Participant a(options_of("a", ports), alone("a", ports, 1));

  a.transport().set_peers({{"b", "192.0.2.1:7701"}});
  a.transport().introduce("192.0.2.2:7701");

  CHECK(a.wait_refused("member b is not dialled: insecure: 192.0.2.1:7701 is not on loopback"));
  CHECK(a.wait_refused("insecure: 192.0.2.2:7701 is not on loopback"));
}

TEST_CASE("peers that change all the time neither hang nor harm others", "[transport][grpc]") {
  const auto ports = support::free_ports(4);
  Participant d(options_of("d", ports), 4);
  for (int round = 0; round < 10; ++round) {
    Participant a(options_of("a", ports), presence_of(options_of("a", ports), 10));
    Participant b(options_of("b", ports), presence_of(options_of("b", ports), 20));
    Participant c(options_of("c", ports), presence_of(options_of("c", ports), 30));
    for (int change = 0; change < 20; ++change) {
      for (Participant* changed : {&a, &b, &c}) {
        const std::string self = changed == &a ? "a" : changed == &b ? "b" : "c";
        (void)changed->send("d", request(1));  // whether it arrives is not the question
        changed->transport().set_peers({{"d", "127.0.0.1:" + std::to_string(ports[3])}});
        changed->reincarnate(static_cast<std::uint64_t>(100 * round + change + 100));
        changed->transport().set_peers(peers_of(self, ports));
      }
    }
  }
  Participant a(options_of("a", ports), 5);
  CHECK(a.wait_up("d"));
}

TEST_CASE("a process that goes on as a new incarnation is connected as that", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  Participant c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("a"));
  REQUIRE(b.wait_up("c"));
  REQUIRE(a.wait_up("b"));
  REQUIRE(c.wait_up("b"));

  b.reincarnate(22);

  REQUIRE(a.wait_up("b", 2));
  REQUIRE(c.wait_up("b", 2));
  REQUIRE(b.wait_up("a", 2));
  REQUIRE(b.wait_up("c", 2));
  CHECK(b.send("a", request(1)).ok());
  CHECK(b.send("c", request(2)).ok());
  REQUIRE(a.wait_envelopes(1));
  REQUIRE(c.wait_envelopes(1));
  CHECK(a.seen().envelopes[0].from == Incarnation{22});
  CHECK(c.seen().envelopes[0].from == Incarnation{22});
}

TEST_CASE("nothing is sent in the name of an incarnation that is over", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));

  a.reincarnate(11);

  const absl::Status status = a.send("b", request(1));
  CHECK((status.ok() || absl::IsUnavailable(status)));
  CHECK(a.wait_up("b", 2));
  for (const node::Envelope& heard : b.seen().envelopes) CHECK(heard.from == Incarnation{11});
}

}  // namespace
}  // namespace sojourn::transport
