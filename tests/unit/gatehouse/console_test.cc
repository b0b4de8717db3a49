// What the console makes of the cluster's state and of what is counted.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "gatehouse/console/observation.h"
#include "gatehouse/console/rates.h"
#include "gatehouse/console/segment_rings.h"
#include "gatehouse/console/transfers.h"
#include "support/catch.h"
#include "unit/gatehouse/console_states.h"

namespace gatehouse {
namespace {

using sojourn::ClusterState;
using test::state_of;
using test::view_of;
using Kind = RingArc::Kind;
using Words = std::vector<std::string>;

const Words kThree = {"a", "b", "c"};
const sojourn::Health kReady = {.live = true, .ready = true, .reason = "ready"};

// Each member owns two segments, and the next one holds copies of them.
ClusterState settled() {
  return state_of(kThree, {{{0, 1}}, {{1, 2}}, {{2, 0}}, {{0, 1}}, {{1, 2}}, {{2, 0}}});
}

Observation observe_by_a(const ClusterState& state, const sojourn::Health& health = kReady,
                         const Words& known = kThree) {
  return observe("a", state, health, {}, kThree, known);
}

}  // namespace

TEST_CASE("rings gather the segments of each owner, and of each holder within",
          "[gatehouse][console]") {
  const std::vector<Ring> rings =
      segment_rings(state_of(kThree, {{{0, 1}}, {{1, 2}}, {{0, 2}}, {{0, 1}}}));

  REQUIRE(rings.size() == 2);
  CHECK(rings[0] == Ring{{Kind::kHeld, 0, 3}, {Kind::kHeld, 1, 1}});
  CHECK(rings[1] == Ring{{Kind::kHeld, 1, 2}, {Kind::kHeld, 2, 1}, {Kind::kHeld, 2, 1}});
}

TEST_CASE("rings show what is received, what is missing and what was lost",
          "[gatehouse][console]") {
  ClusterState state = state_of(kThree, {{{0}, {1}}, {{0}}, {{0, 1}}, {{2, 1}}});
  state.segments[3].is_lost = true;

  const std::vector<Ring> rings = segment_rings(state);

  CHECK(rings[0] == Ring{{Kind::kHeld, 0, 3}, {Kind::kLost, 2, 1}});
  CHECK(rings[1] == Ring{{Kind::kHeld, 1, 1},
                         {Kind::kReceiving, 1, 1},
                         {Kind::kMissing, {}, 1},
                         {Kind::kHeld, 1, 1}});
}

TEST_CASE("there are no more rings than copies, members or three", "[gatehouse][console]") {
  CHECK(segment_rings({}).empty());
  CHECK(segment_rings(state_of({"a"}, {{{0}}}, 2)).size() == 1);
  CHECK(segment_rings(state_of({"a", "b", "c", "d", "e"}, {{{0, 1, 2, 3, 4}}}, 5)).size() == 3);
}

TEST_CASE("a cluster with all members and copies is well", "[gatehouse][console]") {
  const Observation observation = observe_by_a(settled());

  CHECK(observation.standing == Standing::kGood);
  CHECK(observation.verdict == "All members are here, and every segment has its copies.");
  REQUIRE(observation.members.size() == 3);
  const ObservedMember& self = observation.members[0];
  CHECK(self.is_self);
  CHECK(self.state == "serves, with a lease");
  CHECK(self.incarnation == "0000000000000abc");
  CHECK((self.owned == 2 && self.held == 4 && self.receiving == 0));
}

TEST_CASE("a member that is not heard is told before its view ends", "[gatehouse][console]") {
  ClusterState state = settled();
  state.connected[2] = false;

  const Observation observation = observe_by_a(state);

  CHECK(observation.standing == Standing::kBad);
  CHECK(observation.verdict == "c is not heard.");
  CHECK(observation.members[2].standing == Standing::kBad);
}

TEST_CASE("a configured member that is in no view is told as missing", "[gatehouse][console]") {
  const Observation receiving = observe_by_a(state_of({"a", "b"}, {{{0, 1}}, {{1}, {0}}}));
  CHECK(receiving.standing == Standing::kBusy);
  CHECK(receiving.verdict == "c is missing. Copies are being made.");
  CHECK(receiving.members[0].standing == Standing::kBusy);
  REQUIRE(receiving.members.size() == 3);
  CHECK(receiving.members[2].name == "c");
  CHECK(receiving.members[2].incarnation.empty());

  const Observation done = observe_by_a(state_of({"a", "b"}, {{{0, 1}}, {{1, 0}}}));
  CHECK(done.standing == Standing::kBad);
  CHECK(done.verdict == "c is missing. Those that are here hold every copy.");
}

TEST_CASE("what is worst is said first", "[gatehouse][console]") {
  ClusterState state = settled();
  state.connected[2] = false;
  state.segments[0].is_lost = true;
  CHECK(observe_by_a(state).verdict.starts_with("Sessions were lost"));

  const sojourn::Health waiting = {.live = true, .reason = "waiting for b"};
  CHECK(observe_by_a(state, waiting).verdict == "a is not ready: waiting for b.");
  CHECK(observe_by_a({}, waiting).members.size() == 3);
}

TEST_CASE("a member keeps its colour when others come and go", "[gatehouse][console]") {
  CHECK(observe_by_a(state_of({"b", "c"}, {{{0, 1}}})).members[0].colour == 1);
  CHECK(observe_by_a(state_of({"a0", "b"}, {{{0, 1}}}), kReady, {"a", "b", "c", "a0"})
            .members[0]
            .colour == 3);
}

TEST_CASE("a transfer is measured by the most that it had to do", "[gatehouse][console]") {
  Transfers transfers;
  transfers.note(state_of(kThree, {{{0}, {1}}, {{0}, {1}}, {{0}, {1}}, {{2}, {1}}}));
  transfers.note(state_of(kThree, {{{0}, {1}}, {{0, 1}}, {{0, 1}}, {{2}, {1}}}));

  REQUIRE(transfers.running().size() == 2);
  const Transfer& first = transfers.running()[0];
  CHECK((first.from == "a" && first.to == "b" && first.left == 1 && first.most == 3));
  CHECK(transfers.running()[1].from == "c");

  transfers.note(settled());
  CHECK(transfers.running().empty());
}

TEST_CASE("changes of the cluster are told in words", "[gatehouse][console]") {
  const ClusterState before = settled();
  CHECK(changes_between(before, before) == Words{});
  CHECK(changes_between({}, before) == Words{"This member is in a view, of 3."});
  CHECK(changes_between(before, {}) == Words{});

  ClusterState silent = settled();
  silent.connected[1] = false;
  CHECK(changes_between(before, silent) == Words{"b is not heard."});
  CHECK(changes_between(silent, before) == Words{"b is heard again."});

  const ClusterState without = state_of({"a", "c"}, {{{0}, {1}}, {{1}, {0}}});
  CHECK(changes_between(silent, without) ==
        Words{"b was given up.", "a is to receive 1 segment.", "c is to receive 1 segment."});
  CHECK(changes_between(without, state_of({"a", "c"}, {{{0, 1}}, {{1}, {0}}})) ==
        Words{"c has received all that it is to hold."});
  CHECK(changes_between(without, state_of(kThree, {{{0, 1}}, {{1, 0}}})).front() ==
        "b has joined.");

  ClusterState leaving = settled();
  view_of(leaving).members[1].leaving = true;
  CHECK(changes_between(before, leaving) == Words{"b is leaving and hands over what it holds."});
  CHECK(changes_between(leaving, state_of({"a", "c"}, {{{0, 1}}})) == Words{"b has left."});

  ClusterState again = settled();
  view_of(again).members[1].incarnation = 0xdef;
  CHECK(changes_between(before, again) == Words{"b was started again."});

  ClusterState lost = settled();
  lost.segments[0].is_lost = true;
  CHECK(changes_between(before, lost) == Words{"1 segment has lost all copies."});
  CHECK(changes_between(lost, before) == Words{"The losses were acknowledged."});
}

TEST_CASE("rates are those of the last ten seconds, totals those since the start",
          "[gatehouse][console]") {
  Rates rates;
  CHECK(rates.rates().empty());
  sojourn::Metrics metrics;
  const Rates::Clock::time_point start = {};

  // A read each second for a minute, then five.
  for (int second = 0; second <= 70; ++second) {
    metrics.reads_local_hit += second > 60 ? 5 : 1;
    rates.add(start + std::chrono::seconds(second), metrics);
  }

  const std::vector<Rate> told = rates.rates();
  CHECK(told.front().title == "Reads answered here");
  CHECK(told.front().per_second == 5);
  CHECK(told.front().total == 61 + 50);
  REQUIRE(told.front().course.size() == 60);
  CHECK(told.front().course.front() == 1);
  CHECK(told.front().course.back() == 5);
}

TEST_CASE("sticky hits are told of the last minute and since the start", "[gatehouse][console]") {
  Rates rates;
  sojourn::Metrics metrics;
  metrics.sticky[static_cast<std::size_t>(sojourn::Sticky::kHit)] = 100;
  for (int second = 0; second <= 90; ++second) {
    ++metrics.sticky[static_cast<std::size_t>(sojourn::Sticky::kMiss)];
    rates.add(Rates::Clock::time_point() + std::chrono::seconds(second), metrics);
  }

  CHECK(rates.sticky_lately().hit == 0);
  CHECK(rates.sticky_lately().miss == 60);
  CHECK(rates.sticky_ever().hit == 100);
  CHECK(rates.sticky_ever().miss == 91);
}

}  // namespace gatehouse
