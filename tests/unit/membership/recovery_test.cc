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

// --- A lost majority -----------------------------------------------------------------------------

TEST_CASE("a cluster that lost its majority begins again when the names are back at once",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.kill("a");
  cluster.kill("b");
  cluster.pass(100ms);
  cluster.start("a");
  cluster.start("b");

  cluster.pass(5s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster["c"].generation() == 2);
  CHECK(cluster["c"].epoch() > 1);
  CHECK(cluster["a"].roles()->view().find("c")->joined == 1);
  CHECK(cluster.holds_lease("c"));
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("what the survivor of a lost majority holds is kept, and only the rest is lost",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.complete = false;
  const ring::Layout before = cluster["c"].roles()->layout();
  cluster.kill("a");
  cluster.kill("b");
  cluster.start("a");
  cluster.start("b");

  cluster.pass(5s);

  REQUIRE(cluster["c"].generation() == 2);
  const ring::Layout& after = cluster["c"].roles()->layout();
  const MemberIndex c{2};
  for (std::uint32_t i = 0; i < after.view.segments; ++i) {
    const ring::Holders& base = before.base[i];
    const bool held = std::find(base.begin(), base.end(), c) != base.end();
    CHECK(after.losses.contains({i}) == !held);
    if (held) CHECK(after.base[i] == ring::Holders{c});
  }
}

TEST_CASE("each member tells once how many segments lost all copies", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  for (const std::string name : {"a", "b"}) cluster.kill(name);
  for (const std::string name : {"a", "b"}) cluster.start(name);
  cluster.pass(5s);
  const std::size_t lost = cluster["c"].roles()->layout().losses.size();
  REQUIRE(lost > 1);

  for (const std::string name : {"a", "b", "c"}) {
    CHECK(std::ranges::count_if(cluster.notices(), [&](const std::string& notice) {
            return notice.starts_with(name + ": " + std::to_string(lost) +
                                      " segments of 16 lost all copies");
          }) == 1);
  }
}

TEST_CASE("the younger of two members goes on when the older is back at once", "[membership]") {
  Cluster cluster = running({"a", "b"});
  cluster.kill("a");
  cluster.pass(200ms);
  cluster.start("a");

  cluster.pass(3s);

  CHECK(cluster.agree_on("a b", {"a", "b"}));
  CHECK(cluster["b"].generation() == 2);
  CHECK(cluster["b"].roles()->layout().losses.empty());
}

TEST_CASE("a majority that nobody saw die while its promise stood may have gone on alone",
          "[membership]") {
  Cluster cluster = running({"a", "b"});
  // For all that b knows a has dropped it, and has answered alone.
  cluster.cut("a", "b");
  cluster.pass(10s);
  REQUIRE(cluster.view("a") == "a");
  cluster.crash("a");
  cluster.mend();
  cluster.start("a");

  cluster.pass(10s);

  CHECK(cluster["b"].generation() == 1);
  CHECK(cluster.view("a").empty());
  const std::string words = cluster.waiting_for("b");
  CHECK(words.find("the majority of view 1 is lost; missing: a; ") == 0);
  CHECK(words.find("may have gone on alone before: an operator must decide") != words.npos);
}

TEST_CASE("a cluster that must not recover by itself waits", "[membership]") {
  Cluster cluster({"a", "b"});
  cluster.options.recover_automatically = false;
  cluster.start_all();
  cluster.pass(3s);
  cluster.kill("a");
  cluster.start("a");

  cluster.pass(10s);

  CHECK(cluster["b"].generation() == 1);
  CHECK_FALSE(cluster.holds_lease("b"));
  CHECK(cluster.waiting_for("b") == "the majority of view 1 is lost; missing: a");
}

TEST_CASE("a cluster whose members have all restarted begins with an empty first view",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  for (const char* name : {"a", "b", "c"}) cluster.kill(name);
  cluster.start_all();

  cluster.pass(3s);

  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
  CHECK(cluster["a"].epoch() == 1);
}

TEST_CASE("an operator lets those that are left go on without the others", "[membership]") {
  const bool automatic = GENERATE(true, false);
  Cluster cluster({"a", "b", "c", "d", "e"});
  cluster.options.recover_automatically = automatic;
  cluster.start_all();
  cluster.pass(3s);
  for (const char* name : {"a", "c", "d"}) cluster.kill(name);
  cluster.pass(5s);
  REQUIRE_FALSE(cluster.holds_lease("e"));

  cluster.on("e", [](Membership& member, Time now) { CHECK(member.recover_now(now)); });
  cluster.pass(3s);

  CHECK(cluster.agree_on("b e", {"b", "e"}));
  CHECK(cluster["b"].generation() == 2);
  CHECK(cluster.holds_lease("b"));
  CHECK(cluster.holds_lease("e"));
  CHECK(cluster.waiting_for("e") == "ready");
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("the younger of two goes on alone when an operator says so, and the older comes back",
          "[membership]") {
  Cluster cluster = running({"a", "b"});
  cluster.crash("a");
  cluster.pass(5s);

  cluster.on("b", [](Membership& member, Time now) { CHECK(member.recover_now(now)); });
  cluster.pass(1s);
  CHECK(cluster.view("b") == "b");
  CHECK(cluster.holds_lease("b"));

  cluster.start("a");
  cluster.pass(3s);
  CHECK(cluster.agree_on("a b", {"a", "b"}));
  CHECK(cluster["a"].generation() == 2);
}

TEST_CASE("of two sides that were both told to go on one stays, and the other joins it",
          "[membership]") {
  Cluster cluster = running({"a", "b", "c", "d", "e"});
  for (const char* one : {"a", "b"}) {
    for (const char* other : {"c", "d"}) cluster.cut(one, other);
  }
  cluster.crash("e");
  cluster.pass(5s);
  for (const char* name : {"b", "d"}) {
    cluster.on(name, [](Membership& member, Time now) { CHECK(member.recover_now(now)); });
  }
  cluster.pass(3s);
  REQUIRE(cluster.agree_on("a b", {"a", "b"}));
  REQUIRE(cluster.agree_on("c d", {"c", "d"}));
  REQUIRE(cluster["a"].generation() == cluster["c"].generation());
  REQUIRE(cluster["a"].epoch() == cluster["c"].epoch());

  cluster.mend();
  cluster.pass(5s);

  CHECK(cluster.agree_on("a b c d", {"a", "b", "c", "d"}));
}

TEST_CASE("an operator cannot overrule a majority", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  Cluster alone({"a", "b"});
  alone.start("a");

  cluster.on("b", [](Membership& member, Time now) { CHECK_FALSE(member.recover_now(now)); });
  alone.on("a", [](Membership& member, Time now) { CHECK_FALSE(member.recover_now(now)); });
  cluster.pass(5s);

  CHECK(cluster["a"].generation() == 1);
  CHECK(alone.view("a").empty());
}

// --- Losses --------------------------------------------------------------------------------------

TEST_CASE("losses stand until any member is told that an operator knows", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.kill("a");
  cluster.kill("b");
  cluster.start("a");
  cluster.start("b");
  cluster.pass(5s);
  const auto lost = [&] {
    int segments = 0;
    for (std::uint32_t i = 0; i < 16; ++i) segments += cluster["c"].roles()->is_lost({i}) ? 1 : 0;
    return segments;
  };
  REQUIRE(lost() > 0);

  cluster.on("b", [](Membership& member, Time now) { member.acknowledge_losses(now); });
  cluster.pass(3s);

  CHECK(lost() == 0);
  CHECK(cluster.agree_on("a b c", {"a", "b", "c"}));
}

}  // namespace
}  // namespace sojourn::membership
