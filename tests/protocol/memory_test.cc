// Whom members have memory for: docs/protocol.md, 15.

#include <string>
#include <vector>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

constexpr std::size_t kMemory = 1'000'000;
// What the table itself may grow by with one session.
constexpr std::size_t kGrowth = 1000;

Operation create_login() {
  return {.verb = Verb::kCreate, .attributes = {{"load", std::string(4000, 'x')}}};
}
Operation create_session() {
  return {.verb = Verb::kCreate,
          .phase = Phase::kActive,
          .subject = "ana",
          .attributes = {{"load", std::string(4000, 'x')}}};
}
Operation authenticate(const std::string& id) {
  return {.verb = Verb::kAuthenticate, .id = id, .subject = "ana"};
}

bool is_full(const Result& result) { return absl::IsResourceExhausted(result.status); }

// Makes more and more of it until there is no room, some time apart. The ids, the oldest first.
std::vector<std::string> fill(Nodes& nodes, const std::string& at, const Operation& operation) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const Result made = nodes.ask(at, operation);
    if (is_full(made)) return ids;
    REQUIRE(made.status.ok());
    ids.emplace_back(made.record->id());
    nodes.pass(1ms);
  }
  FAIL("there is no bound");
  return ids;
}

std::size_t bytes(Nodes& nodes, const std::string& name) {
  return nodes[name].plane().table().usage().bytes;
}

TEST_CASE("15.1 logins are refused before new sessions, and those before sessions that grow",
          "[bounds]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory});

  const std::vector<std::string> logins = fill(nodes, "a", create_login());
  CHECK(bytes(nodes, "a") <= kMemory - kMemory / 8 + kGrowth);
  CHECK(is_full(nodes.ask(
      "a", {.verb = Verb::kPatch, .id = logins[0], .steps = {{"more", std::string(4000, 'x')}}})));

  const std::vector<std::string> sessions = fill(nodes, "a", create_session());
  CHECK(sessions.size() > 10);
  CHECK(bytes(nodes, "a") <= kMemory - kMemory / 16 + kGrowth);

  CHECK(nodes
            .ask("a", {.verb = Verb::kPatch,
                       .id = sessions[0],
                       .steps = {{"more", std::string(4000, 'x')}}})
            .status.ok());
  CHECK(nodes["a"].plane().refused_for_memory() == 3);
}

TEST_CASE("15.1 a backup without room for strangers has room for a user's session", "[bounds]") {
  Nodes nodes({.memory_bytes = 2 * kMemory, .memory_of = {{"b", kMemory}}});
  fill(nodes, "b", create_login());
  CHECK(nodes.ask("a", create_login()).status.ok());
  nodes.pass(500ms);

  CHECK(nodes.ask("a", create_login()).status.message() == "member b is at its memory bound");
  CHECK(nodes.ask("a", create_session()).status.ok());

  fill(nodes, "b", create_session());
  CHECK(nodes.ask("a", create_session()).status.ok());
  nodes.pass(500ms);

  CHECK(nodes.ask("a", create_session()).status.message() == "member b is at its memory bound");
}

TEST_CASE("15.2 the oldest login ends when a new one needs its room", "[bounds]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory, .end_oldest_logins = true});
  const std::string session = nodes.session_at("a");
  std::vector<std::string> logins;
  for (int i = 0; i < 400; ++i) {
    const Result made = nodes.ask("a", create_login());
    REQUIRE(made.status.ok());
    logins.emplace_back(made.record->id());
    nodes.pass(1ms);
  }

  const std::size_t left = nodes["a"].plane().table().usage().login;
  CHECK(nodes["a"].plane().logins_ended_for_room() == logins.size() - left);
  for (std::size_t i = 0; i < logins.size(); ++i) {
    const bool ended = absl::IsNotFound(nodes.ask("a", get(logins[i])).status);
    CHECK(ended == (i < logins.size() - left));
  }
  CHECK(nodes.ask("a", get(session)).status.ok());
  CHECK(nodes["a"].plane().refused_for_memory() == 0);
  CHECK(bytes(nodes, "a") <= kMemory - kMemory / 8 + kGrowth);
}

TEST_CASE("15.2 a login that grows ends others, and never itself", "[bounds]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory, .end_oldest_logins = true});
  std::vector<std::string> logins;
  while (nodes["a"].plane().logins_ended_for_room() == 0) {
    logins.emplace_back(nodes.ask("a", create_login()).record->id());
    nodes.pass(1ms);
  }

  CHECK(
      nodes
          .ask("a",
               {.verb = Verb::kPatch, .id = logins[1], .steps = {{"more", std::string(8100, 'x')}}})
          .status.ok());

  CHECK(nodes["a"].plane().logins_ended_for_room() == 3);
  CHECK(nodes.ask("a", get(logins[1])).status.ok());
  CHECK(absl::IsNotFound(nodes.ask("a", get(logins[2])).status));
  CHECK(absl::IsNotFound(nodes.ask("a", get(logins[3])).status));
  CHECK(nodes.ask("a", get(logins[4])).status.ok());
}

TEST_CASE("15.2 the backups forget what was ended for room", "[bounds]") {
  Nodes nodes({.memory_bytes = kMemory, .end_oldest_logins = true});
  for (int i = 0; i < 400; ++i) {
    REQUIRE(nodes.ask(i % 2 == 0 ? "a" : "b", create_login()).status.ok());
    nodes.pass(1ms);
  }
  nodes.pass(1s);

  CHECK(nodes["a"].plane().logins_ended_for_room() > 50);
  CHECK(nodes["b"].plane().logins_ended_for_room() > 50);
  for (const char* name : {"a", "b"}) {
    CHECK(bytes(nodes, name) <= kMemory - kMemory / 16);
    CHECK(nodes[name].plane().tombstones() == 0);
  }
  CHECK(nodes["a"].plane().table().usage().login == nodes["b"].plane().table().usage().login);
}

TEST_CASE("15.2 a login that is being authenticated is not ended for room", "[bounds]") {
  Nodes nodes({.memory_bytes = kMemory});
  Nodes ending({.memory_bytes = kMemory, .end_oldest_logins = true});
  const std::size_t fitting = fill(nodes, "a", create_login()).size();
  std::vector<std::string> logins;
  for (std::size_t i = 0; i < fitting; ++i) {
    logins.emplace_back(ending.ask("a", create_login()).record->id());
    ending.pass(1ms);
  }
  ending.lost = [](const Nodes::Sent& sent) { return sent.as<replication::ReplicateAck>(); };
  const std::uint64_t authentication = ending.call("a", authenticate(logins[0]));
  ending.run();

  const std::uint64_t login = ending.call("a", create_login());
  ending.run();
  ending.lost = nullptr;
  ending.pass(500ms);

  REQUIRE(ending.ended("a", authentication));
  CHECK(ending.outcome("a", authentication).status.ok());
  CHECK(ending.outcome("a", login).status.ok());
  CHECK(absl::IsNotFound(ending.ask("a", get(logins[1])).status));
  CHECK(ending.ask("a", get(logins[2])).status.ok());
}

TEST_CASE("15.2 a login ends that the full backup holds too", "[bounds]") {
  Nodes nodes({.names = {"a", "b", "c"},
               .memory_bytes = 10 * kMemory,
               .memory_of = {{"b", kMemory}},
               .end_oldest_logins = true});
  for (int i = 0; i < 400; ++i) {
    nodes.ask("a", create_login());
    nodes.pass(10ms);
  }
  nodes.pass(1s);

  CHECK(nodes["a"].plane().logins_ended_for_room() > 10);
  CHECK(bytes(nodes, "b") <= kMemory - kMemory / 16);
  CHECK(bytes(nodes, "a") > 2 * bytes(nodes, "b") / 2);
}

TEST_CASE("15.2 without logins that may end, the new one is refused", "[bounds]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory, .end_oldest_logins = true});
  const std::vector<std::string> sessions = fill(nodes, "a", create_session());

  CHECK(is_full(nodes.ask("a", create_login())));
  for (const std::string& id : sessions) CHECK(nodes.ask("a", get(id)).status.ok());
}

TEST_CASE("15.2 a login larger than many others together does not push them out", "[bounds]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = kMemory, .end_oldest_logins = true});
  Operation small = {.verb = Verb::kCreate};
  for (int i = 0; i < 20'000; ++i) REQUIRE(nodes.ask("a", small).status.ok());
  const std::uint64_t ended = nodes["a"].plane().logins_ended_for_room();

  Operation large = create_login();
  for (int i = 0; i < 15; ++i) {
    large.attributes.push_back({"load " + std::to_string(i), std::string(4000, 'x')});
  }
  CHECK(is_full(nodes.ask("a", large)));
  CHECK(nodes["a"].plane().logins_ended_for_room() == ended);
}

TEST_CASE("15.2 older logins of other members keep none of its own from ending", "[bounds]") {
  Nodes nodes({.memory_bytes = kMemory, .end_oldest_logins = true});
  for (int i = 0; i < 100; ++i) REQUIRE(nodes.ask("b", create_login()).status.ok());

  int refused = 0;
  for (int i = 0; i < 300; ++i) refused += is_full(nodes.ask("a", create_login())) ? 1 : 0;

  CHECK(refused <= 2);
  CHECK(nodes["a"].plane().logins_ended_for_room() > 100);
}

TEST_CASE("15.2 who loses its role while it ends a login leaves it to the next primary",
          "[bounds]") {
  Nodes nodes({.memory_bytes = kMemory, .end_oldest_logins = true});
  std::vector<std::string> logins;
  while (bytes(nodes, "a") + 5000 < kMemory - kMemory / 8) {
    logins.emplace_back(nodes.ask("a", create_login()).record->id());
    nodes.pass(1ms);
  }
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<replication::Replicate>(); };
  Operation large = create_login();
  large.attributes.push_back({"more", std::string(4000, 'x')});
  nodes.call("a", large);
  nodes.run();
  CHECK(nodes.held("a", logins[0]));

  nodes.crash("b");
  nodes.lost = nullptr;
  nodes.start("b");
  REQUIRE(nodes.become_whole());
  nodes.pass(31min);

  CHECK(nodes["a"].plane().table().usage().login == 0);
  CHECK(nodes["b"].plane().table().usage().login == 0);
}

}  // namespace
}  // namespace sojourn::protocol
