// Members that know an address, and not yet who is there.

#include "support/catch.h"
#include "support/certificates.h"
#include "support/ports.h"
#include "transport/listener.h"
#include "transport/method.h"
#include "unit/transport/participant.h"
#include "unit/transport/stranger.h"

namespace sojourn::transport {
namespace {

std::string at(int port) { return "127.0.0.1:" + std::to_string(port); }

Presence alone(const StoreOptions& options, std::uint64_t incarnation) {
  Presence presence = presence_of(options, incarnation);
  presence.peers.clear();
  return presence;
}

TEST_CASE("two members that introduce each other know names and addresses", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
  Participant b(options_of("b", ports), alone(options_of("b", ports), 2));

  b.transport().introduce(at(ports[0]));

  CHECK(b.wait_introduced("a at " + at(ports[0])));
  CHECK(a.wait_introduced("b at " + at(ports[1])));
  CHECK(a.seen().changes.empty());
  CHECK(a.seen().refusals.empty());
}

TEST_CASE("an introduction leads to a connection", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
  Participant b(options_of("b", ports), alone(options_of("b", ports), 2));
  a.transport().introduce(at(ports[1]));
  REQUIRE(a.wait_introduced("b at " + at(ports[1])));
  REQUIRE(b.wait_introduced("a at " + at(ports[0])));

  a.transport().set_peers({{"b", at(ports[1])}});
  b.transport().set_peers({{"a", at(ports[0])}});

  CHECK(a.wait_up("b"));
  CHECK(b.wait_up("a"));
}

TEST_CASE("nobody is introduced to himself, and silence is no news", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
  Participant b(options_of("b", ports), alone(options_of("b", ports), 2));

  a.transport().introduce(at(ports[0]));
  a.transport().introduce(at(ports[2]));
  a.transport().introduce(at(ports[1]));

  CHECK(a.wait_introduced("b at " + at(ports[1])));
  CHECK(a.seen().introduced.size() == 1);
  CHECK(a.seen().refusals.empty());
}

TEST_CASE("a member of another cluster is not introduced, and both are told", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  StoreOptions other = options_of("b", ports);
  other.cluster = "other";
  Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
  Participant b(other, alone(other, 2));

  a.transport().introduce(at(ports[1]));

  const std::string reason =
      "member a of cluster 'test' was refused by member b of cluster 'other': the clusters differ";
  CHECK(a.wait_refused(reason));
  CHECK(b.wait_refused(reason));
  CHECK(a.seen().introduced.empty());
  CHECK(b.seen().introduced.empty());
}

TEST_CASE("two processes of one name are told apart and told", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
  Participant other(options_of("a", {ports[1]}), alone(options_of("a", {ports[1]}), 2));

  other.transport().introduce(at(ports[0]));

  CHECK(a.wait_refused("both have the same name"));
  CHECK(other.wait_refused("both have the same name"));
  CHECK(a.seen().introduced.empty());
}

TEST_CASE("introductions that say nothing of use are refused", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant b(options_of("b", ports), alone(options_of("b", ports), 2));
  const auto refuses = [&](const Identity& identity, const std::string& reason) {
    Stranger stranger({.port = ports[1], .identity = identity, .method = kIntroduceMethod});
    const grpc::Status status = stranger.wait_ended();
    INFO(status.error_message());
    CHECK(status.error_message().find(reason) != std::string::npos);
  };
  Identity caller = member_a();
  refuses(caller, "it does not say where it listens");
  caller.address = "nowhere";
  refuses(caller, "it does not say where it listens");
  caller.address = at(ports[0]);
  caller.member = "A!";
  refuses(caller, "that is no name of a member");
  caller.member = "a";
  caller.wire_max = 0;
  refuses(caller, "it speaks wire versions");

  CHECK(b.seen().introduced.empty());
}

TEST_CASE("with TLS an introduction needs the certificate of that name", "[transport][grpc]") {
  const support::Certificates certificates("test", {"a", "b", "c"});
  const auto ports = support::free_ports(3);
  const StoreOptions of_a = certificates.secure(options_of("a", ports), "a");
  const StoreOptions of_b = certificates.secure(options_of("b", ports), "b");
  Participant a(of_a, alone(of_a, 1));
  Participant b(of_b, alone(of_b, 2));

  a.transport().introduce(at(ports[1]));

  CHECK(a.wait_introduced("b at " + at(ports[1])));
  CHECK(b.wait_introduced("a at " + at(ports[0])));

  // c has a certificate of the authority, and claims to be a.
  Identity claimed = member_a();
  claimed.address = at(ports[2]);
  const Credentials of_c(certificates.secure({}, "c"));
  Stranger stranger({.port = ports[1],
                     .identity = claimed,
                     .credentials = of_c.client("b.test"),
                     .method = kIntroduceMethod});
  CHECK(stranger.wait_ended().error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(b.wait_refused("its certificate lacks the DNS name a.test"));
  CHECK(b.seen().introduced.size() == 1);
}

TEST_CASE("with TLS nobody answers for another member", "[transport][grpc]") {
  const support::Certificates certificates("test", {"a", "b", "c"});
  const auto ports = support::free_ports(2);
  const StoreOptions of_a = certificates.secure(options_of("a", ports), "a");
  Participant a(of_a, alone(of_a, 1));
  // Says that it is b, with the certificate of c.
  Queues queues;
  Listener impostor({.introduce = [](const grpc::GenericServerContext&) {
    return Identity{.cluster = "test", .member = "b", .incarnation = Incarnation{2}};
  }});
  const Credentials of_c(certificates.secure({}, "c"));
  REQUIRE(impostor.start(at(ports[1]), of_c.server(), queues).ok());
  queues.start();

  a.transport().introduce(at(ports[1]));

  CHECK(a.wait_refused("its certificate lacks the DNS name b.test"));
  CHECK(a.seen().introduced.empty());
  impostor.stop();
}

TEST_CASE("stopping while asking does not hang", "[transport][grpc]") {
  for (int round = 0; round < 20; ++round) {
    const auto ports = support::free_ports(3);
    Participant a(options_of("a", ports), alone(options_of("a", ports), 1));
    Participant b(options_of("b", ports), alone(options_of("b", ports), 2));
    a.transport().introduce(at(ports[1]));
    a.transport().introduce(at(ports[2]));
    b.transport().introduce(at(ports[0]));
  }
}

}  // namespace
}  // namespace sojourn::transport
