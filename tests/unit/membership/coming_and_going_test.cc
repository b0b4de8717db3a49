#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "membership/membership.h"
#include "support/catch.h"
#include "unit/membership/cluster.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using Violations = std::vector<std::string>;

// --- Joining -------------------------------------------------------------------------------------

TEST_CASE("a member that comes to a running cluster is admitted", "[membership]") {
  Cluster cluster = two_of_three();

  cluster.start("c");
  cluster.pass(1s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster["c"].roles()->view().find("c")->joined == 2);
  CHECK(cluster.waiting_for("c") == "ready");
}

TEST_CASE("a joiner waits until all members hear it", "[membership]") {
  Cluster cluster = two_of_three();
  cluster.cut("b", "c");
  cluster.start("c");

  cluster.pass(5s);
  CHECK(cluster.view("a") == "a b");
  CHECK(cluster.waiting_for("c") == "waiting to be admitted to the view");

  cluster.mend();
  cluster.pass(1s);
  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
}

TEST_CASE("owners change when all members have received what they shall hold", "[membership]") {
  Cluster cluster = two_of_three();
  cluster.complete = false;
  cluster.start("c");
  cluster.pass(3s);
  REQUIRE(cluster["c"].epoch() == 2);
  const auto report = [&](const char* name, Progress progress) {
    cluster.on(name, [&](Membership& member, Time now) {
      member.report(now, 0, MemoryLevel::kRoom, progress);
    });
    cluster.pass(1s);
  };

  report("a", {});
  report("b", {});
  report("c", {.repairs_left = 0, .segments_left = 3});
  CHECK(cluster["a"].epoch() == 2);
  CHECK(cluster["b"].progress_of_all() == Progress{.repairs_left = 0, .segments_left = 3});

  report("c", {});
  CHECK(cluster["a"].epoch() == 3);
  CHECK(cluster["a"].roles()->layout().base == layout_of(cluster["a"].roles()->view()).base);
}

// --- Leaving -------------------------------------------------------------------------------------

TEST_CASE("a member that leaves hands over first and is then gone", "[membership]") {
  for (const char* name : {"a", "b", "c"}) {
    Cluster cluster = running({"a", "b", "c"});
    cluster.on(name, [](Membership& member, Time now) { member.leave(now); });
    CHECK(cluster[name].leaving());
    CHECK_FALSE(cluster[name].left());

    const bool left = cluster.pass_until([&] { return cluster[name].left(); }, 10s);

    INFO(name << " leaves");
    CHECK(left);
    CHECK_FALSE(cluster[name].excluded());
    CHECK_FALSE(cluster[name].next_deadline());
    CHECK(cluster.waiting_for(name) == "this member has left the cluster");
    Names others = {"a", "b", "c"};
    std::erase(others, name);
    cluster.pass(1s);
    CHECK(cluster.agree_on(others[0] + " " + others[1], others));
    CHECK(cluster.holds_lease(others[0]));
    CHECK(cluster[others[0]].roles()->layout().losses.empty());
    CHECK(cluster.violations() == Violations{});
  }
}

TEST_CASE("a member that leaves waits for those that receive what it holds", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.complete = false;
  cluster.on("c", [](Membership& member, Time now) { member.leave(now); });

  cluster.pass(10s);

  CHECK_FALSE(cluster["c"].left());
  CHECK(cluster.view("a") == "a b (c)");
}

TEST_CASE("several members leave at once", "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d"});
  for (const char* name : {"a", "b", "d"}) {
    cluster.on(name, [](Membership& member, Time now) { member.leave(now); });
  }

  cluster.pass(10s);

  for (const char* name : {"a", "b", "d"}) CHECK(cluster[name].left());
  CHECK(cluster.view("c") == "c");
  CHECK(cluster.holds_lease("c"));
  CHECK(cluster["c"].roles()->layout().losses.empty());
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("a member that is in no view may leave at once", "[membership]") {
  Cluster cluster({"a", "b"});
  cluster.start("a");

  cluster.on("a", [](Membership& member, Time now) { member.leave(now); });

  CHECK(cluster["a"].left());
}

TEST_CASE("when members of a quorum have left the last one stays and serves", "[membership]") {
  Cluster cluster = running({"a", "b"});
  cluster.on("a", [](Membership& member, Time now) { member.leave(now); });

  cluster.pass(5s);

  CHECK(cluster["a"].left());
  CHECK(cluster.view("b") == "b");
  CHECK(cluster.holds_lease("b"));
}

}  // namespace
}  // namespace sojourn::membership
