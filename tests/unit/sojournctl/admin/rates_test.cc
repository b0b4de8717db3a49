#include "sojournctl/admin/rates.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

v1::Snapshot snapshot_of(std::uint64_t local, std::uint64_t remote, std::uint64_t writes) {
  v1::Snapshot snapshot;
  auto& metrics = *snapshot.mutable_metrics();
  metrics["reads_local_hit"] = local;
  metrics["reads_remote_hit"] = remote;
  metrics["writes_local"] = writes;
  return snapshot;
}

TEST_CASE("rates are what came between two looks", "[sojournctl]") {
  const Rates rates =
      Rates::between(snapshot_of(100, 10, 5), snapshot_of(190, 20, 9), std::chrono::seconds(2));

  CHECK(rates.reads == 50);
  CHECK(rates.writes == 2);
  CHECK(rates.failed == 0);
  CHECK(*rates.sticky_hits == 0.9);
}

TEST_CASE("without reads nothing is known of the balancer", "[sojournctl]") {
  CHECK_FALSE(Rates::between(snapshot_of(7, 7, 0), snapshot_of(7, 7, 3), std::chrono::seconds(1))
                  .sticky_hits);
}

TEST_CASE("a process that was started again counts from zero", "[sojournctl]") {
  CHECK(Rates::between(snapshot_of(1000, 0, 0), snapshot_of(20, 0, 0), std::chrono::seconds(1))
            .reads == 20);
}

// One that answers, in a view whose segments are moving, and one that does not.
std::vector<Watched> two_members() {
  std::vector<Watched> members(2);
  members[0].name = "auth-0";
  members[0].snapshot = snapshot_of(1, 0, 0);
  members[0].snapshot.set_cluster("sojourn");
  members[0].snapshot.set_epoch(7);
  members[0].snapshot.set_segments(64);
  members[0].snapshot.set_segments_moving(16);
  members[0].snapshot.mutable_health()->set_ready(true);
  members[0].rates = {.reads = 40, .writes = 2.5, .failed = 0, .sticky_hits = 0.875};
  members[1].name = "auth-1";
  members[1].trouble = "no answer\x1b[2J";
  return members;
}

TEST_CASE("a member that does not answer stands in the view with the reason", "[sojournctl]") {
  const std::string picture = watch_picture(two_members());
  const auto json = watch_json(two_members(), "now");

  CHECK(picture.find("auth-1: no answer\\x1b[2J\n") != std::string::npos);
  CHECK(json["members"][1]["trouble"] == "no answer\\x1b[2J");
  CHECK(json["members"][0]["sticky_hits"] == 0.875);
}

TEST_CASE("a picture shows how far the segments are", "[sojournctl]") {
  CHECK(watch_picture(two_members())
            .find("segments [######################........] 64: 16 moving") != std::string::npos);
  CHECK(watch_picture({}).find("no member answers") == 0);
}

TEST_CASE("lines have a word for each number", "[sojournctl]") {
  CHECK(watch_lines(two_members(), "now") ==
        "now cluster=sojourn epoch=7 members=0 segments=64 moving=16 short=0 lost=0\n"
        "now member=auth-0 state=ready primary=0 receives=0 sessions=0 reads=40.0/s sticky=87.5% "
        "writes=2.5/s failed=0.0/s memory=0%\n"
        "now member=auth-1 state=silent trouble=\"no answer\\x1b[2J\"\n");
}

}  // namespace
}  // namespace sojournctl
