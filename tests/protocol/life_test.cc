// Paragraphs 12.10 to 12.12 and 13.7 of docs/protocol.md.

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

Operation rotate(const std::string& id, std::chrono::seconds overlap) {
  return {.verb = Verb::kRotate, .id = id, .overlap = overlap};
}

// That member hands over all it has, and goes.
void leave(Nodes& nodes, const std::string& name) {
  nodes.on(name, [&](node::Node& node) { node.leave(nodes.now()); });
  REQUIRE(nodes.pass_until([&] { return nodes[name].left(); }, 5s));
  nodes.crash(name);
}

TEST_CASE("12.11 an alias is replicated in one write with the new id", "[life]") {
  Nodes nodes;
  const std::string old = nodes.session_at("a");
  const std::uint64_t rotation = nodes.call("a", rotate(old, 30s));
  const std::vector<Nodes::Sent> writes = nodes.take<replication::Replicate>();

  REQUIRE(writes.size() == 1);
  const replication::Replicate& write = *writes[0].as<replication::Replicate>();
  REQUIRE(write.entries.size() == 2);
  CHECK(write.entries[1].record->alias_of() == write.entries[0].id);
  nodes.deliver(writes);
  nodes.run();
  CHECK(nodes.outcome("a", rotation).record->id() == write.entries[0].id);
  CHECK(nodes.held("b", old)->is_alias());
}

TEST_CASE("12.11 the end of its session needs no word to an alias", "[life]") {
  Nodes nodes;
  const std::string old = nodes.session_at("a");
  const std::string id(nodes.ask("a", rotate(old, 30s)).record->id());

  REQUIRE(nodes.ask("b", revoke(id)).status.ok());

  CHECK(nodes.held("a", old));
  CHECK(absl::IsNotFound(nodes.ask("b", get(old)).status));
}

TEST_CASE(
    "12.11 revoking an alias waits for the renewal that is under way, and ends what it leads to",
    "[life]") {
  Nodes nodes;
  const std::string first = nodes.session_at("a");
  const std::string second(nodes.ask("a", rotate(first, 30s)).record->id());
  const std::uint64_t rotation = nodes.call("a", rotate(second, 30s));
  const std::uint64_t logout = nodes.call("a", revoke(first));
  CHECK(nodes.count<replication::Replicate>() == 1);

  nodes.run();

  const std::string third(nodes.outcome("a", rotation).record->id());
  CHECK(nodes.outcome("a", logout).status.ok());
  CHECK(absl::IsNotFound(nodes.ask("b", get(third)).status));
}

TEST_CASE("12.11 a write of a primary that goes on answers with the session, not with its alias",
          "[life]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  const std::string old = nodes.session_at("a");
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<replication::Replicate>() != nullptr; };
  const std::uint64_t rotation = nodes.call("a", rotate(old, 30s), 20s);
  nodes.start("c");
  nodes.pass(3s);
  nodes.lost = {};

  REQUIRE(nodes.pass_until([&] { return nodes.ended("a", rotation); }));

  const Result& result = nodes.outcome("a", rotation);
  REQUIRE(result.status.ok());
  CHECK(result.record->id() != old);
  CHECK_FALSE(result.record->is_alias());
  CHECK(nodes.ask("b", get(old)).record->is_alias());
}

TEST_CASE("12.12 tabs are in the same order on every copy, also after a transfer", "[life]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const Result made = nodes.ask(
      "c", {.verb = Verb::kCreate,
            .lifetime = {1h, 1h},
            .steps = {{"", std::nullopt, "t1"}, {"", std::nullopt, "t2"}, {"step", "otp", "t1"}}});
  const std::string id(made.record->id());
  const std::vector<session::TabView> tabs = tabs_of(*made.record);
  REQUIRE(tabs.size() == 2);
  CHECK(tabs[0].name == "t2");

  leave(nodes, "c");

  for (const std::string name : {"a", "b"}) CHECK(tabs_of(*nodes.held(name, id)) == tabs);
}

TEST_CASE("13.7 neither a transfer nor a failover prolongs a life that was shortened", "[life]") {
  Nodes nodes({.names = {"a", "b", "c", "d"}});
  const std::string id = nodes.session_at("d", {.idle = 1h, .absolute = 1h});
  REQUIRE(nodes.ask("a", {.verb = Verb::kPatch, .id = id, .time_left = 20s}).status.ok());
  const Time end = nodes.now() + 20s;
  leave(nodes, "d");
  REQUIRE(nodes.become_whole());
  nodes.crash(nodes.writers("a", id).front());
  REQUIRE(nodes.become_whole());
  const std::string survivor = nodes.runs("a") ? "a" : "b";
  REQUIRE(nodes.now() < end - 1s);

  nodes.pass(end - 1s - nodes.now());
  CHECK(nodes.ask(survivor, get(id)).status.ok());
  nodes.pass(end + 100ms - nodes.now());
  CHECK(absl::IsNotFound(nodes.ask(survivor, get(id)).status));
}

}  // namespace
}  // namespace sojourn::protocol
