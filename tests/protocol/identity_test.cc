// Paragraphs 1 and 2 of docs/protocol.md.

#include <algorithm>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using membership::Hello;
using membership::ViewRequest;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Request;

bool noted(const Nodes& nodes, const std::string& words) {
  return std::any_of(nodes.notices.begin(), nodes.notices.end(), [&](const std::string& notice) {
    return notice.find(words) != std::string::npos;
  });
}

TEST_CASE("1.1 a process that has started anew is another member, and holds nothing",
          "[identity]") {
  Nodes nodes;
  const std::string id = nodes.session_at("b");
  const Incarnation before = nodes["b"].incarnation();

  nodes.crash("b");
  nodes.start("b");
  nodes.run();

  CHECK(nodes["b"].incarnation() != before);
  CHECK_FALSE(nodes["b"].ready(nodes.now()));
  CHECK_FALSE(nodes.read("b", id));
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("1.3 a message of another cluster changes nothing", "[identity]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", revoke(id));
  Nodes::Sent request = nodes.take<Request>()[0];
  request.outgoing.envelope.cluster += 1;

  nodes.deliver(request);

  CHECK(nodes.under_way.empty());
  CHECK(nodes.held("a", id));
}

TEST_CASE("1.4 a message under another epoch changes nothing, and who is behind is told",
          "[identity]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", revoke(id));
  Nodes::Sent request = nodes.take<Request>()[0];
  const std::uint64_t epoch = request.outgoing.envelope.epoch;

  request.outgoing.envelope.epoch = epoch + 1;
  nodes.deliver(request);
  CHECK(nodes.take<ViewRequest>().size() == 1);
  request.outgoing.envelope.epoch = epoch - 1;
  nodes.deliver(request);

  CHECK(nodes.held("a", id));
}

TEST_CASE("1.4 a write of an earlier view is neither applied nor acknowledged", "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}, .copies = 3});
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto late = nodes.take<Replicate>();
  nodes.start("c");
  REQUIRE(nodes.become_whole());
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  nodes.pass(2s);

  nodes.deliver(late);

  CHECK(nodes.take<ReplicateAck>().empty());
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("1.4 a message of an incarnation that is not in the view changes nothing", "[identity]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", revoke(id));
  Nodes::Sent request = nodes.take<Request>()[0];
  request.outgoing.envelope.from = Incarnation{999};

  nodes.deliver(request);
  nodes.run();

  CHECK(nodes.held("a", id));
}

TEST_CASE("1.5 a greeting of a dead process that arrives late is not believed", "[identity]") {
  Nodes nodes;
  nodes.on("b", [&](node::Node& b) { b.tick(nodes.now() + 200ms); });
  const auto late = nodes.take<Hello>();
  REQUIRE_FALSE(late.empty());
  nodes.crash("b");
  nodes.start("b");
  REQUIRE(nodes.become_whole());
  const auto view = nodes["a"].view();

  nodes.deliver(late);
  nodes.pass(10s);

  CHECK(*nodes["a"].view() == *view);
}

TEST_CASE("1.5 a greeting of a process that nobody knew and nobody hears again is not believed",
          "[identity]") {
  Nodes nodes;
  nodes.on("b", [&](node::Node& b) { b.tick(nodes.now() + 200ms); });
  std::vector<Nodes::Sent> stray = nodes.take<Hello>();
  REQUIRE_FALSE(stray.empty());
  const auto view = nodes["a"].view();
  for (Nodes::Sent& sent : stray) sent.outgoing.envelope.from = Incarnation{999};

  nodes.deliver(stray);
  nodes.deliver(stray);
  nodes.pass(10s);

  CHECK(*nodes["a"].view() == *view);
  CHECK(nodes["a"].membership().connected(nodes.now(), "b"));
}

TEST_CASE("1.5 a new process is believed as soon as it answers to something said since",
          "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  nodes.crash("c", false);
  nodes.start("c");

  nodes.run();

  CHECK(noted(nodes, "a: member c started anew"));
  CHECK(noted(nodes, "b: member c started anew"));
}

TEST_CASE("2.1 who is configured otherwise takes no part", "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  nodes.lost = [](const Nodes::Sent& sent) { return sent.from == "c"; };
  nodes.start("c");
  std::vector<Nodes::Sent> hellos = nodes.take<Hello>();
  REQUIRE_FALSE(hellos.empty());
  for (Nodes::Sent& sent : hellos) {
    if (sent.from == "c") std::get<Hello>(sent.outgoing.envelope.message).copies = 3;
  }

  nodes.deliver(hellos);

  CHECK(noted(nodes, "member c keeps 3 copies, not 2"));
  CHECK(nodes["a"].view()->members.size() == 2);
}

TEST_CASE("2.4 a member that one other cannot hear for a moment stays", "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const auto view = nodes["a"].view();
  nodes.cut("a", "c");

  nodes.pass(2s);
  nodes.heal();
  nodes.pass(5s);

  CHECK(*nodes["a"].view() == *view);
}

TEST_CASE("2.4 two members that cannot hear each other for long do not both stay", "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  nodes.cut("a", "c");

  CHECK(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));
  CHECK(nodes["a"].view()->find("c") == nullptr);
}

TEST_CASE("2.5 of two that do not hear each other the youngest goes, though all hear both",
          "[identity]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  nodes.cut("b", "c");

  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));

  CHECK(nodes["a"].view()->find("c") == nullptr);
  CHECK(nodes["b"].view()->find("a") != nullptr);
}

TEST_CASE("2.6 a member that was held up accuses nobody", "[identity]") {
  Nodes nodes;
  const auto view = nodes["a"].view();
  nodes.asleep = {"a", "b"};
  nodes.pass(20s);
  nodes.asleep.clear();

  nodes.pass(5s);

  CHECK(*nodes["a"].view() == *view);
  CHECK(nodes["a"].ready(nodes.now()));
}

}  // namespace
}  // namespace sojourn::protocol
