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

// --- The first view ------------------------------------------------------------------------------

TEST_CASE("members that hear each other install the same first view", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.start_all();

  cluster.pass(1s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster["a"].epoch() == 1);
  CHECK(cluster["a"].generation() == 1);
  CHECK(cluster["b"].confirmed());
  CHECK(cluster.waiting_for("b") == "ready");
}

TEST_CASE("a member that expects nobody else needs nobody for its view", "[membership]") {
  Cluster cluster({"a"});

  cluster.start("a");
  CHECK(cluster.view("a") == "a");

  cluster.pass(1ms);
  CHECK(cluster.holds_lease("a"));
}

TEST_CASE("there is no view while fewer members are here than expected", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.start("a");
  cluster.start("b");

  cluster.pass(10s);

  CHECK(cluster.view("a").empty());
  CHECK(cluster.waiting_for("a") == "waiting for the first word from c");
  CHECK(cluster["a"].connected_count(cluster.time_of("a")) == 1);

  cluster.start("c");
  cluster.pass(1s);
  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
}

TEST_CASE("a first view may begin with fewer members than are known", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.options.bootstrap_expect = 2;
  cluster.start("b");
  cluster.start("c");

  cluster.pass(5s);

  CHECK(cluster.agree_on("b c", {"b", "c"}));
}

TEST_CASE("a member that restarts before the first view is decided is in it as it is now",
          "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.start_all();
  cluster.pass(1ms);
  cluster.kill("c");
  cluster.start("c");

  cluster.pass(3s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster["a"].roles()->view().find("c")->incarnation == cluster.incarnation("c").value);
}

TEST_CASE("members that were told of each other by others find each other", "[membership]") {
  Cluster cluster({"a"});
  cluster.options.bootstrap_expect = 2;
  cluster.start("a");
  cluster.start("z");

  cluster.pass(1s);

  CHECK(cluster.view("a") == "a z");
  CHECK(cluster["a"].peers() == std::vector<PeerAddress>{{"z", "z:1"}});
}

TEST_CASE("a first view that overtakes its proposal is not installed", "[membership]") {
  Cluster cluster({"a", "b"});
  cluster.start("b");
  ring::Layout layout = layout_of(view_of(2));
  layout.view.members[1].incarnation = cluster.incarnation("b").value;

  cluster.deliver({"a", "b", Incarnation{77}, 1, 1, Decide{layout}});

  CHECK(cluster.view("b").empty());
}

void hear_of_the_dead(bool elsewhere) {
  Cluster cluster({"a", "b"});
  cluster.record = true;
  cluster.start_all();
  cluster.pass(1s);
  const std::vector<Cluster::Sent> late = cluster.recorded();
  cluster.record = false;
  cluster.kill("a");
  cluster.kill("b");
  cluster.pass(50ms);
  cluster.elsewhere = elsewhere;
  cluster.start_all();
  cluster.pass(1s);
  REQUIRE(cluster.agree_on("a b", {"a", "b"}));
  const ring::Layout layout = cluster["b"].roles()->layout();

  for (const Cluster::Sent& sent : late) cluster.deliver(sent);
  cluster.pass(5s);

  CHECK(cluster["a"].roles()->layout() == layout);
  CHECK(cluster["b"].roles()->layout() == layout);
  CHECK(cluster.connected("a", "b"));
}

TEST_CASE("what is still under way from an earlier incarnation changes nothing", "[membership]") {
  hear_of_the_dead(false);
}

// The new process has another clock, which may be far behind that of the one before.
TEST_CASE("nor does it when the name lives on another machine now", "[membership]") {
  hear_of_the_dead(true);
}

TEST_CASE("a first view is found again when its proposer was cut off half-way", "[membership]") {
  for (const char* cut_off : {"a", "b", "c"}) {
    for (int step = 0; step < 40; ++step) {
      Cluster cluster({"a", "b", "c"});
      cluster.options.bootstrap_expect = 2;
      cluster.start_all();
      cluster.pass(step * 500us);
      cluster.cut_off(cut_off);
      cluster.pass(8s);
      cluster.mend();

      cluster.pass(15s);

      INFO(cut_off << " was cut off in step " << step);
      CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
      CHECK(cluster.waiting_for("b") == "ready");
      CHECK(cluster.violations() == Violations{});
    }
  }
}

TEST_CASE("beside a cluster whose last member is silent no other one begins", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.options.bootstrap_expect = 2;
  cluster.start_all();
  REQUIRE(cluster.pass_until([&] { return cluster.agree_on("a b c", {"a", "b", "c"}); }, 5s));
  cluster.pass(2s);
  cluster.cut("a", "b");
  cluster.cut("c", "b");
  REQUIRE(cluster.pass_until([&] { return cluster.view("a") == "a c"; }, 10s));
  cluster.pass(2s);
  cluster.pause("c");
  REQUIRE(cluster.pass_until([&] { return cluster.view("a") == "a"; }, 10s));
  cluster.mend();
  REQUIRE(cluster.pass_until([&] { return cluster.view("b").empty(); }, 5s));
  cluster.pause("a");
  cluster.go_on("c");

  cluster.pass(15s);
  CHECK(cluster.view("b").empty());
  CHECK(cluster.view("c").empty());
  CHECK(cluster.waiting_for("b").find("waiting") == 0);

  cluster.go_on("a");
  CHECK(cluster.pass_until([&] { return cluster.agree_on("a b c", {"a", "b", "c"}); }, 20s));
  CHECK(cluster.violations() == Violations{});
}

// --- Configuration -------------------------------------------------------------------------------

TEST_CASE("members with another configuration get no view together, and it is said why",
          "[membership]") {
  struct Row {
    const char* wrong;
    void (*change)(MembershipOptions&);
    std::string says;
  };
  const std::vector<Row> rows = {
      {"cluster", [](MembershipOptions& o) { o.cluster = "other"; },
       "member b belongs to cluster other, not test"},
      {"segments", [](MembershipOptions& o) { o.segments = 32; },
       "member b has 32 segments, not 16"},
      {"copies", [](MembershipOptions& o) { o.copies = 3; }, "member b keeps 3 copies, not 2"},
      {"lease", [](MembershipOptions& o) { o.lease = 1500ms; },
       "member b has a lease of 1500 ms, not 1000 ms"},
      {"wire", [](MembershipOptions& o) { o.wire_version_min = o.wire_version_max = 9; },
       "member b speaks wire versions 9 to 9, not 1 to 1"},
  };
  for (const Row& row : rows) {
    INFO(row.wrong);
    Cluster cluster({"a", "b"});
    cluster.start("a");
    MembershipOptions options = cluster.options;
    row.change(options);
    cluster.start("b", options);

    cluster.pass(3s);

    CHECK(cluster.view("a").empty());
    CHECK(cluster.view("b").empty());
    CHECK(cluster.waiting_for("a") == row.says);
    CHECK(std::count(cluster.notices().begin(), cluster.notices().end(), "a: " + row.says) == 1);
  }
}

TEST_CASE("wire versions that overlap are one configuration", "[membership]") {
  Cluster cluster({"a", "b"});
  cluster.start("a");
  MembershipOptions options = cluster.options;
  options.wire_version_max = 9;
  cluster.start("b", options);

  cluster.pass(1s);

  CHECK(cluster.view("a") == "a b");
}

TEST_CASE("a member with another configuration is not admitted to a running view", "[membership]") {
  Cluster cluster = two_of_three();
  MembershipOptions options = cluster.options;
  options.copies = 3;
  cluster.start("c", options);

  cluster.pass(10s);

  CHECK(cluster.view("a") == "a b");
  CHECK(cluster.view("c").empty());
  CHECK(cluster.waiting_for("c") == "member a keeps 2 copies, not 3");
}

}  // namespace
}  // namespace sojourn::membership
