// Paragraphs 6 and 7 of docs/protocol.md.

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using membership::Decide;
using replication::Replicate;

TEST_CASE("6.1 a member that only some can reach is not admitted", "[members]") {
  Nodes nodes({.names = {"a", "b", "c", "d"}, .later = {"d"}});
  nodes.cut("c", "d");
  nodes.start("d");

  nodes.pass(5s);
  CHECK_FALSE(nodes["a"].view()->find("d"));
  CHECK(nodes["d"].waiting_for(nodes.now()) == "waiting to be admitted to the view");

  nodes.heal();
  CHECK(nodes.become_whole());
}

TEST_CASE("6.1 a process that started anew takes the place of the one before", "[members]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  nodes.crash("c", false);
  nodes.start("c");

  REQUIRE(nodes.become_whole());

  CHECK(nodes["a"].view()->find("c")->incarnation == nodes["c"].incarnation().value);
  CHECK(nodes.ask("c", get(id)).record->subject() == "ana");
}

TEST_CASE("6.3 an excluded member forgets everything and comes back as another", "[members]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  const Incarnation before = nodes["c"].incarnation();
  nodes.asleep.insert("c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));
  REQUIRE(nodes.ask("a", revoke(id), 5s).status.ok());

  nodes.asleep.clear();
  CHECK_FALSE(nodes.read("c", id));
  REQUIRE(nodes.pass_until([&] { return nodes["c"].incarnation() != before; }));
  CHECK_FALSE(nodes.held("c", id));
  REQUIRE(nodes.become_whole());

  CHECK(absl::IsNotFound(nodes.ask("c", get(id)).status));
}

TEST_CASE("6.4 what an excluded member had asked for may have happened", "[members]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  const std::string elsewhere = nodes.session_at("a");
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };
  const std::uint64_t write = nodes.call("c", paint(id, "blue"), 60s);
  const std::uint64_t read = nodes.call("c", get(elsewhere), 60s);
  nodes.asleep.insert("c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));
  nodes.asleep.clear();
  nodes.lost = {};

  REQUIRE(nodes.become_whole());

  CHECK(absl::IsDeadlineExceeded(nodes.outcome("c", write).status));
  CHECK(nodes.outcome("c", read).status.ok());
}

TEST_CASE("6.6 who leaves goes when others hold what it held, and nothing is lost", "[members]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(nodes.session_at("c"));

  nodes.on("c", [&](node::Node& c) { c.leave(nodes.now()); });
  REQUIRE(nodes.pass_until([&] { return nodes["c"].left(); }));
  nodes.crash("c");

  for (const std::string& id : ids) CHECK(nodes.ask("a", get(id)).record->subject() == "ana");
  CHECK(nodes["a"].roles()->layout().losses.empty());
  CHECK(nodes.become_whole());
}

TEST_CASE("6.6 all but one may leave at once", "[members]") {
  Nodes nodes({.names = {"a", "b", "c", "d"}});
  std::vector<std::string> ids;
  for (const char* name : {"a", "b", "c", "d"}) ids.push_back(nodes.session_at(name));

  for (const char* name : {"a", "b", "d"}) {
    nodes.on(name, [&](node::Node& node) { node.leave(nodes.now()); });
  }
  REQUIRE(nodes.pass_until(
      [&] { return nodes["a"].left() && nodes["b"].left() && nodes["d"].left(); }));
  for (const char* name : {"a", "b", "d"}) nodes.crash(name);

  REQUIRE(nodes.become_whole());
  for (const std::string& id : ids) CHECK(nodes.ask("c", get(id)).record->subject() == "ana");
}

TEST_CASE("6.6 who leaves goes when its users' calls have ended, and takes no new ones meanwhile",
          "[members]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("a");
  nodes.on("c", [&](node::Node& c) { c.leave(nodes.now()); });
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<replication::Reply>() != nullptr; };
  const std::uint64_t write = nodes.call("c", paint(id, "red"), 20s);
  nodes.pass(5s);
  CHECK_FALSE(nodes["c"].left());

  const Result refused = nodes.ask("c", get(id));
  nodes.lost = {};
  REQUIRE(nodes.pass_until([&] { return nodes["c"].left(); }));

  CHECK(absl::IsUnavailable(refused.status));
  CHECK(nodes.outcome("c", write).status.ok());
}

TEST_CASE("6.7 who leaves stays until a quorum of those that stay has the view", "[members]") {
  Nodes nodes;
  nodes.session_at("a");
  nodes.on("a", [&](node::Node& a) { a.leave(nodes.now()); });
  // a, the older of two, decides the view without it alone, and b hears nothing of that.
  nodes.lost = [](const Nodes::Sent& sent) {
    const auto* decide = sent.as<Decide>();
    const bool goes = decide && decide->layout.view.members.size() == 1;
    return goes || sent.as<membership::Propose>();
  };
  nodes.pass(5s);
  CHECK_FALSE(nodes["a"].left());

  nodes.lost = {};
  CHECK(nodes.pass_until([&] { return nodes["a"].left(); }));
  CHECK(nodes["b"].view()->members.size() == 1);
}

// Members b and c of three die at once.
struct LostMajority {
  Nodes nodes{{.names = {"a", "b", "c"}, .copies = 3}};
  std::string id = nodes.session_at("b");
};

TEST_CASE("7.1 without a quorum nobody answers, and says who is missing", "[recovery]") {
  LostMajority lost;
  Nodes& nodes = lost.nodes;
  nodes.crash("b");
  nodes.crash("c");

  nodes.pass(5s);

  CHECK_FALSE(nodes.read("a", lost.id));
  CHECK(nodes["a"].waiting_for(nodes.now()).find("is lost; missing: b, c") != std::string::npos);
  CHECK(absl::IsUnavailable(nodes.ask("a", get(lost.id)).status));
}

TEST_CASE("7.5 a survivor that has missed nothing goes on when all names are back", "[recovery]") {
  LostMajority lost;
  Nodes& nodes = lost.nodes;
  const std::uint64_t generation = nodes["a"].view()->generation;
  nodes.crash("b");
  nodes.crash("c");

  nodes.start("b");
  nodes.pass(5s);
  CHECK_FALSE(nodes.read("a", lost.id));
  nodes.start("c");
  REQUIRE(nodes.become_whole());

  CHECK(nodes["a"].view()->generation == generation + 1);
  CHECK(nodes.ask("c", get(lost.id)).record->subject() == "ana");
}

TEST_CASE("7.2 processes that are back within the promise prove that those before died in time",
          "[recovery]") {
  LostMajority lost;
  Nodes& nodes = lost.nodes;
  nodes.crash("b", false);
  nodes.crash("c", false);
  nodes.start("b");
  nodes.start("c");

  REQUIRE(nodes.become_whole());

  CHECK(nodes.ask("b", get(lost.id)).record->subject() == "ana");
}

TEST_CASE("7.4 a survivor that was cut off cannot know, and waits for an operator", "[recovery]") {
  LostMajority lost;
  Nodes& nodes = lost.nodes;
  nodes.cut("a", "b");
  nodes.cut("a", "c");
  REQUIRE(nodes.pass_until([&] { return nodes["b"].view()->members.size() == 2; }));
  REQUIRE(nodes.ask("b", revoke(lost.id), 5s).status.ok());
  nodes.crash("b", false);
  nodes.crash("c", false);
  nodes.heal();
  nodes.start("b");
  nodes.start("c");

  nodes.pass(20s);
  CHECK_FALSE(nodes["a"].ready(nodes.now()));
  CHECK(nodes["a"].waiting_for(nodes.now()).find("an operator must decide") != std::string::npos);
  CHECK_FALSE(nodes.ask("a", get(lost.id)).status.ok());
}

TEST_CASE("7.6 an operator may order those that are here to go on", "[recovery]") {
  LostMajority lost;
  Nodes& nodes = lost.nodes;
  nodes.crash("b", false);
  nodes.crash("c", false);
  nodes.pass(10s);
  REQUIRE_FALSE(nodes["a"].ready(nodes.now()));

  bool begun = false;
  nodes.on("a", [&](node::Node& a) { begun = a.recover_now(nodes.now()); });
  CHECK(begun);
  REQUIRE(nodes.become_whole());

  CHECK(nodes["a"].view()->members.size() == 1);
  CHECK(nodes.ask("a", get(lost.id)).record->subject() == "ana");
}

}  // namespace
}  // namespace sojourn::protocol
