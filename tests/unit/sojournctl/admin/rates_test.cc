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

TEST_CASE("a member that does not answer stands in the view with the reason", "[sojournctl]") {
  std::vector<Watched> members(2);
  members[0].name = "auth-0";
  members[0].snapshot = snapshot_of(1, 0, 0);
  members[1].name = "auth-1";
  members[1].trouble = "member auth-1 does not answer";

  CHECK(watch_text(members).find("member auth-1 does not answer") != std::string::npos);
  CHECK(watch_json(members)["members"][1]["trouble"] == "member auth-1 does not answer");
  CHECK(watch_json(members)["members"][0]["sticky_hits"].is_null());
}

}  // namespace
}  // namespace sojournctl
