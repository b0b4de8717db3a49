// What a node says of itself, and its bounds; what nodes say to each other is in tests/protocol.

#include "node/node.h"

#include <string>

#include "support/catch.h"

namespace sojourn::node {
namespace {

using namespace std::chrono_literals;
using replication::Verb;

NodeOptions alone() {
  NodeOptions options;
  options.membership = {.cluster = "test", .self = "a", .address = "a:1", .segments = 8};
  options.plane = {.segments = 8};
  return options;
}

// A member without others, and the time.
struct Alone {
  explicit Alone(const NodeOptions& options = alone()) : node(options, Incarnation{1}, random) {
    node.start(now);
    pass(5s);
  }

  void pass(Duration duration) {
    for (const Time end = now + duration; now < end; now += 50ms) node.tick(now);
    node.tick(now);
  }
  replication::Result ask(replication::Operation operation) {
    const std::uint64_t number = node.call(now, std::move(operation), 1s);
    for (Finished& finished : node.take_effects(now).finished) {
      if (finished.number == number) return std::move(finished.result);
    }
    FAIL("the call has not ended");
    return {};
  }

  SeededRandom random{1};
  Time now = Time(1h);
  Node node;
};

TEST_CASE("a member alone is a cluster of one copy, and safe", "[node]") {
  Alone one;

  CHECK(one.node.ready(one.now));
  CHECK(one.node.safe(one.now));
  CHECK(one.node.view()->members.size() == 1);
  const replication::Result made = one.ask({.verb = Verb::kCreate});
  REQUIRE(made.status.ok());
  CHECK(one.ask({.verb = Verb::kGet, .id = std::string(made.record->id())}).status.ok());
}

TEST_CASE("a member that waits for others says for how many", "[node]") {
  NodeOptions options = alone();
  options.membership.bootstrap_expect = 3;
  Alone one(options);

  CHECK_FALSE(one.node.ready(one.now));
  CHECK(one.node.waiting_for(one.now) == "waiting for 3 members, 1 are here");
  CHECK_FALSE(one.node.safe(one.now));
}

TEST_CASE("a member that nobody can take over from says what it has not handed over", "[node]") {
  Alone one;
  REQUIRE(one.ask({.verb = Verb::kCreate}).status.ok());

  one.node.leave(one.now);
  one.pass(10s);

  CHECK(one.node.leaving());
  CHECK_FALSE(one.node.left());
  CHECK(one.node.not_handed_over() ==
        "held by no member that stays: 8 segments; held here: 1 session, 0 companions");
}

TEST_CASE("calls beyond the bound are refused at once", "[node]") {
  NodeOptions options = alone();
  options.membership.bootstrap_expect = 2;  // nothing ends
  options.calls_in_flight_max = 2;
  Alone one(options);
  one.node.call(one.now, {.verb = Verb::kCreate}, 1s);
  one.node.call(one.now, {.verb = Verb::kCreate}, 1s);
  REQUIRE(one.node.calls_in_flight() == 2);

  CHECK(absl::IsResourceExhausted(one.ask({.verb = Verb::kCreate}).status));
}

TEST_CASE("a call that has ended does not count, though nobody was told yet", "[node]") {
  NodeOptions options = alone();
  options.calls_in_flight_max = 2;
  Alone one(options);
  for (int i = 0; i < 3; ++i) one.node.call(one.now, {.verb = Verb::kCreate}, 1s);

  const Effects effects = one.node.take_effects(one.now);

  CHECK(effects.finished.size() == 3);
  for (const Finished& finished : effects.finished) CHECK(finished.result.status.ok());
}

TEST_CASE("a cluster of witnesses holds no session", "[node]") {
  NodeOptions options = alone();
  options.membership.capacity = 0;
  Alone one(options);

  CHECK(absl::IsUnavailable(one.ask({.verb = Verb::kCreate, .id = std::string(32, 'x')}).status));
}

}  // namespace
}  // namespace sojourn::node
