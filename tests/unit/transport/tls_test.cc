// Transports with mutual TLS, over real loopback connections.

#include "support/catch.h"
#include "support/certificates.h"
#include "support/ports.h"
#include "transport/security.h"
#include "unit/transport/participant.h"
#include "unit/transport/stranger.h"

namespace sojourn::transport {
namespace {

using support::Certificates;

TEST_CASE("members with certificates of one authority talk over TLS", "[transport][grpc]") {
  const Certificates certificates("test", {"a", "b"});
  const auto ports = support::free_ports(2);
  Participant a(certificates.secure(options_of("a", ports), "a"), 1);
  Participant b(certificates.secure(options_of("b", ports), "b"), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));

  CHECK(a.send("b", request(1)).ok());
  CHECK(b.wait_envelopes(1));
  CHECK(b.send("a", request(2)).ok());
  CHECK(a.wait_envelopes(1));
}

TEST_CASE("a certificate of another authority is refused", "[transport][grpc]") {
  const Certificates ours("test", {"b"});
  const Certificates theirs("test", {"a"});
  const auto ports = support::free_ports(2);
  Participant a(theirs.secure(options_of("a", ports), "a"), 1);
  Participant b(ours.secure(options_of("b", ports), "b"), 2);

  CHECK(a.wait_refused("member b cannot be connected: "));
  CHECK(a.seen().changes.empty());
  CHECK(b.seen().changes.empty());
}

TEST_CASE("plain text is refused where TLS is on", "[transport][grpc]") {
  const Certificates certificates("test", {"b"});
  const auto ports = support::free_ports(2);
  Participant b(certificates.secure(options_of("b", ports), "b"), 2);
  Stranger stranger({.port = ports[1], .identity = member_a()});

  CHECK_FALSE(stranger.wait_ended().ok());
  CHECK(b.seen().changes.empty());
}

TEST_CASE("a server with the certificate of another member is refused", "[transport][grpc]") {
  const Certificates certificates("test", {"a", "b", "c"});
  const auto ports = support::free_ports(3);
  // c listens where b should.
  StoreOptions mixed_up = options_of("c", ports);
  std::swap(mixed_up.members[1].address, mixed_up.members[2].address);
  Participant a(certificates.secure(options_of("a", {ports[0], ports[1]}), "a"), 1);
  Participant c(certificates.secure(mixed_up, "c"), 3);

  CHECK(a.wait_refused("the certificate lacks the DNS name b.test"));
  CHECK(a.seen().changes.empty());
}

TEST_CASE("renewed certificates are used without a restart", "[transport][grpc]") {
  const Certificates certificates("test", {"a", "b"});
  const auto ports = support::free_ports(3);
  Participant a(certificates.secure(options_of("a", ports), "a"), 1);
  Participant b(certificates.secure(options_of("b", ports), "b"), 2);
  REQUIRE(b.wait_up("a"));
  const Certificates renewed("test", {"a", "b", "c"});
  Participant c(renewed.secure(options_of("c", ports), "c"), 3);
  REQUIRE(a.wait_refused("member c cannot be connected: "));

  certificates.replace_by(renewed);

  CHECK(a.wait_up("c"));
  CHECK(b.wait_up("c"));
  // What was connected stays so.
  CHECK(b.seen().changes == std::vector<std::string>{"up a", "up c"});
}

TEST_CASE("a client with the certificate of another member is refused", "[transport][grpc]") {
  const Certificates certificates("test", {"b", "c"});
  const auto ports = support::free_ports(2);
  Participant b(certificates.secure(options_of("b", ports), "b"), 2);
  const Credentials of_c(certificates.secure({}, "c"));

  Stranger stranger(
      {.port = ports[1], .identity = member_a(), .credentials = of_c.client("b.test")});

  CHECK(stranger.wait_ended().error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(b.wait_refused("its certificate lacks the DNS name a.test"));
  CHECK(b.seen().changes.empty());
}

TEST_CASE("a certificate that was renewed wrongly can be renewed again", "[transport][grpc]") {
  const Certificates certificates("test", {"a", "b"});
  const auto ports = support::free_ports(2);
  Participant a(certificates.secure(options_of("a", ports), "a"), 1);
  Participant b(certificates.secure(options_of("b", ports), "b"), 2);
  REQUIRE(b.wait_up("a"));

  certificates.issue("elsewhere", {"a"});
  // The open stream goes on. A new one uses the new certificate as soon as it has been seen.
  const std::string reason = "its certificate lacks the DNS name a.test";
  int ups = 1;
  for (; b.seen().refused(reason) == 0; ++ups) {
    b.transport().disconnect("a", "for the test");
    REQUIRE(b.wait([&](const Participant::Seen& seen) {
      return seen.refused(reason) > 0 || seen.ups("a") > ups;
    }));
  }
  certificates.issue("test", {"a"});

  CHECK(b.wait([&](const Participant::Seen& seen) { return seen.ups("a") >= ups; }));
}

TEST_CASE("a member does not start with the certificate of another", "[transport][grpc]") {
  const Certificates certificates("test", {"c"});
  Participant a(certificates.secure(options_of("a", support::free_ports(2)), "c"), 1);

  CHECK(absl::IsFailedPrecondition(a.status()));
}

}  // namespace
}  // namespace sojourn::transport
