// 12.13 to 12.15, 13.8, 15.1: companions of sessions.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "protocol/nodes.h"
#include "ring/placement.h"
#include "session/companion.h"

namespace sojourn::protocol {
namespace {

using replication::Replicate;
using replication::Reply;
using replication::Request;
using replication::Touched;
using session::Kind;

// The id of a companion whose primary is that member.
std::string companion_at(Nodes& nodes, const std::string& primary, Kind kind) {
  for (int i = 0;; ++i) {
    std::string id(session::CompanionId(kind, "n" + std::to_string(i)).text());
    if (nodes.writers(primary, id).front() == primary) return id;
  }
}

Operation put(const std::string& id, std::string value = "v") {
  return {.verb = Verb::kPutOnce, .id = id, .lifetime = {10min, 10min}, .value = std::move(value)};
}
Operation take(const std::string& id) { return {.verb = Verb::kTake, .id = id}; }
Operation look(const std::string& id) { return {.verb = Verb::kLook, .id = id, .touch = false}; }
Operation add(const std::string& id, std::uint64_t amount) {
  return {.verb = Verb::kAdd, .id = id, .lifetime = {10min, 10min}, .amount = amount};
}
Operation revoke_token(const std::string& id) {
  return {.verb = Verb::kRevokeToken, .id = id, .lifetime = {10min, 10min}};
}
std::string value_of(const Result& result) {
  return result.record ? std::string(session::content_of(*result.record))
                       : result.status.ToString();
}

TEST_CASE("12.13 a late write of a value brings nothing back after its name was used again",
          "[companions]") {
  Nodes nodes;
  const std::string id = companion_at(nodes, "a", Kind::kSingleUse);
  nodes.call("a", put(id, "old"));
  const auto writes = nodes.take<Replicate>();
  nodes.deliver(writes);
  nodes.run();
  REQUIRE(value_of(nodes.ask("b", take(id))) == "old");

  nodes.deliver(writes);
  nodes.run();
  CHECK_FALSE(nodes.held("b", id));

  REQUIRE(nodes.ask("b", put(id, "new")).status.ok());
  nodes.deliver(writes);
  nodes.run();
  CHECK(session::content_of(*nodes.held("b", id)) == "new");
  CHECK(value_of(nodes.ask("b", take(id))) == "new");
  nodes.pass(2s);
  CHECK(nodes["b"].plane().tombstones() == 0);
}

// Three members, and a value on two of them. The oldest, who has nothing of it, takes it and does
// not hear the answer.
class LostAnswer {
 public:
  LostAnswer() : nodes({.names = {"a", "b", "c"}, .copies = 2}) {
    const auto held_by_a = [&] {
      const std::vector<std::string> writers = nodes.writers("a", id);
      return std::find(writers.begin(), writers.end(), "a") != writers.end();
    };
    while (held_by_a()) id += "n";
    REQUIRE(nodes.ask("a", put(id, "once")).status.ok());
    nodes.lost = [](const Nodes::Sent& sent) {
      return sent.as<Reply>() != nullptr && sent.to() == "a";
    };
    number = nodes.call("a", take(id), 60s);
    nodes.pass(50ms);
    REQUIRE_FALSE(nodes.held(primary(), id));
    REQUIRE_FALSE(nodes.ended("a", number));
  }

  std::string primary() { return nodes.writers("a", id).front(); }
  // What the taker is told at last.
  std::string told() {
    nodes.lost = {};
    REQUIRE(nodes.pass_until([&] { return nodes.ended("a", number); }));
    return value_of(nodes.outcome("a", number));
  }

  Nodes nodes;
  std::string id = "=n";
  std::uint64_t number = 0;
};

TEST_CASE("12.14 a take whose answer is lost with the primary is answered by the next",
          "[companions]") {
  LostAnswer take_of;

  take_of.nodes.crash(take_of.primary());

  CHECK(take_of.told() == "once");
  CHECK(absl::IsNotFound(take_of.nodes.ask("a", take(take_of.id), 10s).status));
}

TEST_CASE("12.14 a take is remembered by who came into step after it", "[companions]") {
  LostAnswer take_of;
  take_of.nodes.crash(take_of.primary());
  REQUIRE(take_of.nodes.become_whole());
  REQUIRE(take_of.primary() != "a");

  take_of.nodes.crash(take_of.primary());

  CHECK(take_of.told() == "once");
}

TEST_CASE("12.14 a take of a primary that goes on in the next view answers with the value",
          "[companions]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  const std::string id = companion_at(nodes, "a", Kind::kSingleUse);
  REQUIRE(nodes.ask("a", put(id, "once")).status.ok());
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };
  const std::uint64_t number = nodes.call("a", take(id), 20s);
  nodes.start("c");
  nodes.pass(3s);
  REQUIRE_FALSE(nodes.ended("a", number));
  nodes.lost = {};

  REQUIRE(nodes.pass_until([&] { return nodes.ended("a", number); }));

  CHECK(value_of(nodes.outcome("a", number)) == "once");
}

TEST_CASE("12.13 an addition that arrives twice counts once", "[companions]") {
  Nodes nodes;
  const std::string id = companion_at(nodes, "a", Kind::kCounter);
  const std::uint64_t number = nodes.call("b", add(id, 5));
  const auto requests = nodes.take<Request>();
  REQUIRE(requests.size() == 1);

  nodes.deliver(requests);
  nodes.deliver(requests);
  nodes.run();
  nodes.deliver(requests);
  nodes.run();

  REQUIRE(nodes.ended("b", number));
  CHECK(session::count_of(*nodes.outcome("b", number).record) == 5);
  CHECK(session::count_of(*nodes.ask("a", look(id)).record) == 5);
}

TEST_CASE("13.8 no use of a companion is told to anybody, nor prolongs it", "[companions]") {
  Nodes nodes;
  const std::string id = companion_at(nodes, "a", Kind::kCounter);
  REQUIRE(nodes.ask("a", add(id, 1)).status.ok());
  std::size_t told = 0;
  nodes.lost = [&](const Nodes::Sent& sent) {
    told += sent.as<Touched>() ? 1 : 0;
    return false;
  };

  for (int minute = 0; minute < 9; ++minute) {
    nodes.pass(1min);
    REQUIRE(nodes.ask("b", look(id)).status.ok());
    REQUIRE(nodes.ask("b", add(id, 1)).status.ok());
  }
  CHECK(told == 0);
  nodes.pass(1min);

  CHECK(absl::IsNotFound(nodes.ask("b", look(id)).status));
  CHECK_FALSE(nodes.held("a", id));
  CHECK_FALSE(nodes.held("b", id));
  CHECK(nodes["a"].companions_expired() == 1);
  CHECK(nodes["a"].expired() == 0);
}

TEST_CASE("15.1 values and counters are refused before sessions and revocations", "[companions]") {
  constexpr std::size_t kMemory = 1'000'000;
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory});
  const std::string value(kSingleUseValueBytesMax, 'v');
  const auto full = [](const Result& result) { return absl::IsResourceExhausted(result.status); };
  const std::string counter = "+early";
  REQUIRE(nodes.ask("a", add(counter, 1)).status.ok());
  REQUIRE(nodes.ask("a", revoke_token("!early")).status.ok());

  std::vector<std::string> values;
  for (int i = 0;; ++i) {
    const std::string id = "=" + std::to_string(i);
    const Result result = nodes.ask("a", put(id, value));
    if (full(result)) break;
    REQUIRE(result.status.ok());
    values.push_back(id);
  }

  // But for what the table itself may have grown by.
  constexpr std::size_t kGrowth = 1000;
  CHECK(nodes["a"].plane().table().usage().bytes <= kMemory - kMemory / 8 + kGrowth);
  // A session still finds room, and a revocation; a counter that is there goes on.
  const std::string session = nodes.session_at("a");
  CHECK(nodes.ask("a", revoke_token("!late")).status.ok());
  CHECK(nodes.ask("a", add(counter, 1)).status.ok());
  const std::vector<Attribute> large = {{"a", value}, {"b", value}, {"c", value}};
  while (!full(nodes.ask(
      "a",
      {.verb = Verb::kCreate, .phase = Phase::kActive, .subject = "ana", .attributes = large}))) {
  }
  CHECK(nodes["a"].plane().table().usage().bytes <= kMemory - kMemory / 16 + kGrowth);
  // What is there already may still be used, and ended.
  CHECK(nodes.ask("a", add(counter, 1)).status.ok());
  CHECK(nodes.ask("a", revoke_token("!early")).status.ok());
  CHECK(value_of(nodes.ask("a", take(values.front()))) == value);
}

}  // namespace
}  // namespace sojourn::protocol
