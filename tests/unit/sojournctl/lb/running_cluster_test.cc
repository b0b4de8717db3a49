#include "sojournctl/lb/running_cluster.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

using sojourn::v1::MemberStatus;
using sojourn::v1::Snapshot;

MemberStatus& add(Snapshot& snapshot, const std::string& name, const std::string& address) {
  MemberStatus& member = *snapshot.add_members();
  member.set_name(name);
  member.set_address(address);
  member.set_capacity(1);
  return member;
}

TEST_CASE("members are nodes at their hosts, with the port that users are answered at",
          "[sojournctl]") {
  Snapshot snapshot;
  add(snapshot, "auth-0", "10.0.0.1:7100");
  add(snapshot, "auth-1", "[fd00::2]:7100").set_leaving(true);
  add(snapshot, "auth-2", "auth-2.auth:7100").set_capacity(0);
  ClusterDescription cluster;

  REQUIRE(add_members(snapshot, 8080, cluster).ok());

  REQUIRE(cluster.nodes.size() == 2);
  CHECK(cluster.nodes[0].name == "auth-0");
  CHECK(cluster.nodes[0].address == Address{"10.0.0.1", 8080});
  CHECK_FALSE(cluster.nodes[0].drained);
  CHECK(cluster.nodes[1].address == Address{"fd00::2", 8080});
  CHECK(cluster.nodes[1].drained);
}

TEST_CASE("a node that is given stays where it was said to be", "[sojournctl]") {
  Snapshot snapshot;
  add(snapshot, "auth-0", "10.0.0.1:7100").set_leaving(true);
  ClusterDescription cluster;
  cluster.nodes = {{"auth-0", {"192.0.2.1", 443}}, {"another", {"192.0.2.2", 443}}};

  REQUIRE(add_members(snapshot, 0, cluster).ok());

  REQUIRE(cluster.nodes.size() == 2);
  CHECK(cluster.nodes[0].address == Address{"192.0.2.1", 443});
  CHECK(cluster.nodes[0].drained);
}

TEST_CASE("members of one host do not answer users at one port", "[sojournctl]") {
  Snapshot snapshot;
  add(snapshot, "auth-0", "10.0.0.1:7100");
  add(snapshot, "auth-1", "10.0.0.1:7101");
  ClusterDescription cluster;

  CHECK(add_members(snapshot, 8080, cluster).message() ==
        "--port: members auth-0 and auth-1 are on one host and cannot have one port: --node "
        "auth-1=HOST:PORT");

  cluster.nodes = {{"auth-1", {"10.0.0.1", 8081}}};
  CHECK(add_members(snapshot, 8080, cluster).ok());
}

TEST_CASE("a member does not tell where it answers users", "[sojournctl]") {
  Snapshot snapshot;
  ClusterDescription cluster;
  snapshot.set_name("auth-0");
  CHECK(add_members(snapshot, 80, cluster).message() ==
        "member auth-0 is in no view yet, and knows no others");

  add(snapshot, "auth-0", "10.0.0.1:7100");
  const absl::Status status = add_members(snapshot, 0, cluster);
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).find("--node auth-0=HOST:PORT") != std::string::npos);
}

}  // namespace
}  // namespace sojournctl
