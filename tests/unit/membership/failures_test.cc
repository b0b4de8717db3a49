#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "membership/membership.h"
#include "ring/roles.h"
#include "support/catch.h"
#include "unit/membership/cluster.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using Violations = std::vector<std::string>;

// --- Leases --------------------------------------------------------------------------------------

TEST_CASE("members of a quiet cluster hold their leases all the time", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  for (int i = 0; i < 100; ++i) {
    cluster.pass(37ms);
    for (const char* name : {"a", "b", "c"}) CHECK(cluster.lease_left(name) > 500ms);
  }
}

TEST_CASE("a member that is cut off has no lease after the time of a lease", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.cut_off("b");

  cluster.pass(900ms);
  CHECK_FALSE(cluster.holds_lease("b"));

  cluster.pass(5s);
  CHECK_FALSE(cluster.holds_lease("b"));
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("the oldest of two members needs no lease of the other", "[membership]") {
  Cluster cluster = running({"a", "b"});

  cluster.crash("b");
  cluster.pass(10s);

  CHECK(cluster.holds_lease("a"));
}

TEST_CASE("a member without a capacity needs no lease to be ready", "[membership]") {
  Cluster cluster({"a", "b", "w"});
  cluster.start("a");
  cluster.start("b");
  MembershipOptions witness = cluster.options;
  witness.capacity = 0;
  cluster.start("w", witness);

  cluster.pass(2s);

  CHECK_FALSE(cluster.holds_lease("w"));
  CHECK(cluster.waiting_for("w") == "ready");
}

TEST_CASE("a grant that was given under an earlier view counts for nothing", "[membership]") {
  Cluster cluster = two_of_three();
  cluster.record = true;
  cluster.start("c");
  REQUIRE(cluster.pass_until([&] { return cluster.agree_on("a b c", {"a", "b", "c"}); }, 5s));
  // All have installed it, and nothing else comes but the late grants.
  cluster.pass(10ms);
  const Time before = cluster["b"].lease_until();
  cluster.cut_off("b");
  cluster.pass(300ms);
  REQUIRE(cluster["b"].lease_until() == before);
  const Time now = cluster.time_of("b");

  Cluster::Sent late = {"a", "b", cluster.incarnation("a"), 1, 1, Grant{}};
  std::get<Grant>(late.message).stamp =
      static_cast<std::uint64_t>((now - 1ms).time_since_epoch().count());
  cluster.deliver(late);
  late.from = "c";
  late.incarnation = cluster.incarnation("c");
  cluster.deliver(late);

  CHECK(cluster["b"].lease_until() == before);
}

// --- Crashes -------------------------------------------------------------------------------------

TEST_CASE("a crashed member is dropped when its lease has surely run out", "[membership]") {
  for (const char* name : {"a", "b", "c"}) {
    for (const bool noticed : {false, true}) {
      Cluster cluster = running({"a", "b", "c"});
      const Duration lease_left = cluster.lease_left(name);
      REQUIRE(lease_left > 0ms);
      const Duration crashed_at = cluster.now();
      if (noticed) {
        cluster.kill(name);
      } else {
        cluster.crash(name);
      }
      Names others = {"a", "b", "c"};
      std::erase(others, name);

      const bool dropped = cluster.pass_until(
          [&] { return cluster.view(others[0]) == others[0] + " " + others[1]; }, 10s);

      INFO(name << " crashes");
      REQUIRE(dropped);
      CHECK(cluster.now() - crashed_at > lease_left);
      CHECK(cluster.now() - crashed_at < (noticed ? 1200ms : 2400ms));
      cluster.pass(1s);
      CHECK(cluster.holds_lease(others[0]));
      CHECK(cluster.holds_lease(others[1]));
      CHECK(cluster.violations() == Violations{});
    }
  }
}

TEST_CASE("a restarted member takes its place again", "[membership]") {
  for (const char* name : {"a", "b", "c"}) {
    Cluster cluster = running({"a", "b", "c"});
    cluster.kill(name);
    cluster.start(name);

    cluster.pass(5s);

    INFO(name << " restarts");
    CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
    CHECK(cluster["a"].roles()->view().find(name)->incarnation == cluster.incarnation(name).value);
    CHECK(cluster["b"].confirmed());
    CHECK(cluster.violations() == Violations{});
  }
}

TEST_CASE("the cluster survives its members one after the other down to two", "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d", "e"});

  for (const char* name : {"c", "a", "e"}) {
    cluster.crash(name);
    cluster.pass(5s);
  }

  CHECK(cluster.agree_on("b d", {"b", "d"}));
  CHECK(cluster.holds_lease("b"));
}

TEST_CASE("when the younger of two members dies the older goes on", "[membership]") {
  Cluster cluster = running({"a", "b"});

  cluster.crash("b");
  cluster.pass(5s);

  CHECK(cluster.view("a") == "a");
  CHECK(cluster.holds_lease("a"));
  CHECK(cluster.waiting_for("a") == "ready");
}

TEST_CASE("when the older of two members dies the younger stops and says why", "[membership]") {
  Cluster cluster = running({"a", "b"});

  cluster.crash("a");
  cluster.pass(20s);

  CHECK(cluster.view("b") == "a b");
  CHECK_FALSE(cluster.holds_lease("b"));
  CHECK(cluster.waiting_for("b") == "the majority of view 1 is lost; missing: a");
}

TEST_CASE("a member that one link alone has lost is not dropped at once", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.cut("a", "c");

  cluster.pass(2s);
  CHECK(cluster.view("b") == "a b c");

  cluster.mend();
  cluster.pass(10s);
  CHECK(cluster["b"].epoch() == 1);
}

TEST_CASE("of two members that only a third hears the younger is dropped in the end",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.cut("b", "c");

  cluster.pass(10s);

  CHECK(cluster.agree_on("a b", {"a", "b"}));
  CHECK(cluster.view("c").empty());
  CHECK(cluster.violations() == Violations{});

  cluster.mend();
  cluster.pass(5s);
  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
}

TEST_CASE("in the middle of a star a member keeps one of the others", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  // Also if the planner itself is one of those that do not hear each other.
  cluster.cut("a", "c");

  cluster.pass(15s);

  CHECK(cluster.agree_on("a b", {"a", "b"}));
  CHECK(cluster.holds_lease("a"));
  CHECK(cluster.holds_lease("b"));
  CHECK(cluster.violations() == Violations{});
}

// --- Partitions and pauses -----------------------------------------------------------------------

TEST_CASE("an excluded member forgets everything and is admitted as a new incarnation",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  const Incarnation before = cluster.incarnation("c");
  cluster.cut_off("c");
  cluster.pass(5s);
  REQUIRE(cluster.agree_on("a b", {"a", "b"}));
  CHECK(cluster.view("c") == "a b c");
  CHECK_FALSE(cluster.holds_lease("c"));

  cluster.mend();
  cluster.pass(5s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster.incarnation("c") != before);
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("a minority decides nothing, however long it is alone", "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d", "e"});
  for (const char* one : {"a", "b"}) {
    for (const char* other : {"c", "d", "e"}) cluster.cut(one, other);
  }

  cluster.pass(60s);

  CHECK(cluster.agree_on("c d e", {"c", "d", "e"}));
  CHECK(cluster.view("a") == "a b c d e");
  CHECK(cluster.waiting_for("a") == "the majority of view 1 is lost; missing: c, d, e");

  cluster.mend();
  cluster.pass(10s);
  CHECK(cluster.agree_on("a b c d e", {"a", "b", "c", "d", "e"}));
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("of two equal halves the one with the oldest goes on", "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d"});
  for (const char* one : {"a", "d"}) {
    for (const char* other : {"b", "c"}) cluster.cut(one, other);
  }

  cluster.pass(10s);

  CHECK(cluster.agree_on("a d", {"a", "d"}));
  CHECK(cluster.view("b") == "a b c d");
  CHECK_FALSE(cluster.holds_lease("b"));
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("a member that was paused does not accuse others", "[membership]") {
  const bool timers_first = GENERATE(true, false);
  Cluster cluster = running({"a", "b"});
  cluster.timers_first = timers_first;

  // Nobody can drop the oldest of two: when it goes on it finds the view as it was.
  cluster.pause("a");
  cluster.pass(30s);
  cluster.go_on("a");
  cluster.pass(10s);

  CHECK(cluster["a"].epoch() == 1);
  CHECK(cluster["b"].epoch() == 1);
  CHECK(cluster.holds_lease("b"));
}

TEST_CASE("a member that was paused holds no lease until it has asked again", "[membership]") {
  const bool timers_first = GENERATE(true, false);
  Cluster cluster = running({"a", "b", "c"});
  cluster.timers_first = timers_first;

  cluster.pause("a");
  cluster.pass(30s);
  CHECK(cluster.agree_on("b c", {"b", "c"}));
  CHECK_FALSE(cluster.holds_lease("a"));
  cluster.go_on("a");
  CHECK_FALSE(cluster.holds_lease("a"));

  cluster.pass(5s);
  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("a short pause drops nobody", "[membership]") {
  for (const char* name : {"a", "b", "c"}) {
    Cluster cluster = running({"a", "b", "c"});
    for (int i = 0; i < 10; ++i) {
      cluster.pause(name);
      cluster.pass(700ms);
      cluster.go_on(name);
      cluster.pass(500ms);
    }
    CHECK(cluster["b"].epoch() == 1);
  }
}

TEST_CASE("after a pause a silent member is dropped as soon as after none, or a little later",
          "[membership]") {
  Cluster cluster = running({"a", "b"});
  cluster.timers_first = false;
  cluster.pause("a");
  cluster.pass(60s);
  cluster.go_on("a");

  cluster.crash("b");

  CHECK(cluster.pass_until([&] { return cluster.view("a") == "a"; }, 10s));
}

// What they said before they died it finds when it goes on.
TEST_CASE("who was held up plans only with those that answer it since", "[membership]") {
  const bool timers_first = GENERATE(true, false);
  Cluster cluster = running({"a", "b", "c"});
  cluster.timers_first = timers_first;
  cluster.pause("a");
  cluster.on("c", [](Membership& member, Time now) { member.leave(now); });
  cluster.pass(500ms);
  cluster.crash("b");
  cluster.crash("c");
  cluster.record = true;

  cluster.go_on("a");
  cluster.pass(500ms);

  CHECK_FALSE(cluster.recorded().empty());
  CHECK(std::none_of(
      cluster.recorded().begin(), cluster.recorded().end(),
      [](const Cluster::Sent& sent) { return std::holds_alternative<Prepare>(sent.message); }));
}

// What b and c say to a, which hears nothing else.
TEST_CASE("a member that decides a view without itself stays until a quorum has it",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d"});
  ring::Layout layout = cluster["a"].roles()->layout();
  layout.view.members.erase(layout.view.members.begin());
  ++layout.view.epoch;
  layout.base = ring::first_base(layout.view);
  const Incarnation before = cluster.incarnation("a");
  const auto say = [&](const char* from, Message message) {
    cluster.deliver({from, "a", cluster.incarnation(from), 1, 1, std::move(message)});
  };
  cluster.cut_off("a");
  cluster.record = true;
  const Ballot ballot = {1, cluster.incarnation("b")};
  // Its promise to itself must run out first.
  for (int i = 0; i < 8; ++i) {
    say("b", Propose{ballot, layout});
    cluster.pass(400ms);
  }
  // It takes over, and finds that b and c are of one mind with it.
  std::optional<Ballot> own;
  for (const Cluster::Sent& sent : cluster.recorded()) {
    if (const auto* prepare = std::get_if<Prepare>(&sent.message)) own = prepare->ballot;
  }
  REQUIRE(own);
  for (const char* name : {"b", "c"}) say(name, Promise{.ballot = *own});
  for (const char* name : {"b", "c"}) say(name, Accept{*own});
  cluster.pass(2s);

  CHECK(cluster.incarnation("a") == before);
  cluster.mend();
  cluster.pass(5s);
  CHECK(cluster.agree_on("a b c d", {"a", "b", "c", "d"}));
  CHECK(cluster.incarnation("a") != before);
}

}  // namespace
}  // namespace sojourn::membership
