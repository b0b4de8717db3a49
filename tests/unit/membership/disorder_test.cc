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

// --- Late and repeated messages ------------------------------------------------------------------

// A vote for the layout of one epoch must not count for that of the next, though ballots of both
// begin at one.
TEST_CASE("a vote that was given under an earlier view counts for nothing", "[membership]") {
  Cluster cluster({"a", "b", "c", "d"});
  cluster.options.bootstrap_expect = 3;
  for (const char* name : {"a", "b", "c"}) cluster.start(name);
  cluster.pass(6s);
  cluster.record = true;
  cluster.start("d");
  REQUIRE(cluster.pass_until(
      [&] {
        return cluster.agree_on("a b c d", {"a", "b", "c", "d"});
      },
      5s));
  std::vector<Cluster::Sent> votes;
  for (const Cluster::Sent& sent : cluster.recorded()) {
    const bool vote = std::holds_alternative<Accept>(sent.message) ||
                      std::holds_alternative<Promise>(sent.message);
    if (vote && sent.to == "a") votes.push_back(sent);
  }
  REQUIRE_FALSE(votes.empty());
  cluster.pass(2s);
  const std::uint64_t epoch = cluster["a"].epoch();

  // The oldest is alone from here on, and would drop whom it does not hear.
  cluster.cut_off("a");
  for (int i = 0; i < 100; ++i) {
    cluster.pass(50ms);
    for (const Cluster::Sent& vote : votes) cluster.deliver(vote);
  }

  CHECK(cluster["a"].epoch() == epoch);
  CHECK(cluster.violations() == Violations{});
}

TEST_CASE("a proposal that was decided already is not taken for one of the next epoch",
          "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.options.bootstrap_expect = 2;
  cluster.record = true;
  cluster.start("a");
  cluster.start("b");
  cluster.pass(5s);
  cluster.start("c");
  cluster.pass(3s);
  REQUIRE(cluster.agree_on("a b c", {"a", "b", "c"}));
  const std::vector<Cluster::Sent> all = cluster.recorded();
  const std::uint64_t epoch = cluster["b"].epoch();

  for (const Cluster::Sent& sent : all) {
    if (std::holds_alternative<Propose>(sent.message) && sent.to == "b") cluster.deliver(sent);
  }
  cluster.pass(3s);

  CHECK(cluster["b"].epoch() == epoch);
  CHECK(cluster.holds_lease("a"));
  CHECK(cluster.holds_lease("b"));
}

// A member sends what it proposed and, in the same moment, installs it: so the proposal may arrive
// under the epoch that it made, and late.
TEST_CASE("a layout is accepted only for the epoch after that of the view", "[membership]") {
  Cluster cluster = running({"a", "b", "c"});
  cluster.record = true;

  cluster.deliver({"a", "b", cluster.incarnation("a"), 1, 1,
                   Propose{{1, cluster.incarnation("a")}, cluster["b"].roles()->layout()}});

  CHECK(std::none_of(
      cluster.recorded().begin(), cluster.recorded().end(),
      [](const Cluster::Sent& sent) { return std::holds_alternative<Accept>(sent.message); }));
}

// --- Anything at all -----------------------------------------------------------------------------

// Crashes, restarts, pauses, partitions, departures, and a network that loses, repeats and
// reorders. Then everything is mended, and the cluster must come to rest in one view.
Cluster live_through(std::uint64_t seed, std::size_t members, Rules rules = {}) {
  Names names;
  for (std::size_t i = 0; i < members; ++i) names.push_back(std::string(1, "abcdefg"[i]));
  Cluster cluster(names, seed);
  cluster.options.rules = rules;
  SeededRandom random(seed);
  cluster.network = {.delay = 1ms, .jitter = 20ms, .lost = 10, .repeated = 10, .late = 20};
  for (const std::string& name : names) {
    cluster.clock_rate = 0.95 + 0.1 * static_cast<double>(random.below(1001)) / 1000;
    cluster.start(name);
  }
  std::set<std::string> paused;
  for (int i = 0; i < 40; ++i) {
    cluster.pass(Duration(random.below(3'000'000)));
    const std::string& name = names[random.below(members)];
    const std::string& other = names[random.below(members)];
    switch (random.below(8)) {
      case 0:
        paused.erase(name);
        if (random.one_in(2)) {
          cluster.crash(name);
        } else {
          cluster.kill(name);
        }
        break;
      case 1:
      case 2:
        if (!cluster.runs(name)) cluster.start(name);
        break;
      case 3:
        if (cluster.runs(name) && paused.insert(name).second) cluster.pause(name);
        break;
      case 4:
        cluster.timers_first = random.one_in(2);
        for (const std::string& one : paused) cluster.go_on(one);
        paused.clear();
        break;
      case 5:
        if (name != other) cluster.cut(name, other);
        break;
      case 6:
        cluster.cut_off(name);
        break;
      default:
        cluster.mend();
        break;
    }
  }

  for (const std::string& one : paused) cluster.go_on(one);
  return cluster;
}

TEST_CASE("through anything there is one view for each epoch, and no lease beyond it",
          "[membership]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    CHECK(live_through(seed, 2 + seed % 4).violations() == Violations{});
  }
}

TEST_CASE("when everything works again all members are in one view and serve", "[membership]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Names names = seed % 2 == 0 ? Names{"a", "b", "c"} : Names{"a", "b", "c", "d"};
    Cluster cluster = live_through(seed, names.size());
    cluster.network = {};
    cluster.mend();
    for (const std::string& name : names) {
      if (!cluster.runs(name)) cluster.start(name);
    }
    cluster.pass(20s);
    // A majority that was lost for longer than a lease may have gone on alone, for all that the
    // others know.
    for (const std::string& name : names) {
      if (cluster.waiting_for(name).find("operator must decide") == std::string::npos) continue;
      cluster.on(name, [](Membership& member, Time now) { member.recover_now(now); });
      cluster.pass(10s);
    }

    for (const std::string& name : names) {
      INFO("seed " << seed << ", member " << name);
      CHECK(cluster.waiting_for(name) == "ready");
      CHECK(cluster.agree_on(names.size() == 3 ? "a b c" : "a b c d", names));
    }
  }
}

TEST_CASE("without waiting, or without quorums, leases are held beyond the view", "[membership]") {
  for (const Rule rule : {Rule::kQuorum, Rule::kExclusionWaits}) {
    bool found = false;
    for (std::uint64_t seed = 1; seed <= 200 && !found; ++seed) {
      found = !live_through(seed, 3 + seed % 3, {.without = rule}).violations().empty();
    }
    CHECK(found);
  }
}

}  // namespace
}  // namespace sojourn::membership
