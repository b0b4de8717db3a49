// Paragraphs 3, 4 and 5 of docs/protocol.md.

#include <algorithm>

#include "membership/leases.h"
#include "membership/paxos.h"
#include "membership/quorum.h"
#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using membership::Accept;
using membership::Decide;
using membership::Grant;
using membership::Leases;
using membership::Paxos;
using membership::Prepare;
using membership::Promise;
using membership::Propose;

View view_of(std::uint64_t members) {
  View view = {.epoch = 1, .generation = 1, .segments = 8, .copies = 2};
  for (std::uint64_t i = 1; i <= members; ++i) {
    view.members.push_back(
        {.name = std::string(1, static_cast<char>('a' + i - 1)), .incarnation = i, .joined = 1});
  }
  return view;
}

ring::Layout layout_without(const View& view, std::uint64_t incarnation) {
  ring::Layout layout = {.view = view};
  ++layout.view.epoch;
  std::erase_if(layout.view.members,
                [&](const Member& member) { return member.incarnation == incarnation; });
  layout.base = ring::first_base(layout.view);
  return layout;
}

TEST_CASE("3.1 the first view has all members that are expected", "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}});

  CHECK(nodes["a"].view()->members.size() == 3);
  CHECK(*nodes["a"].view() == *nodes["c"].view());
}

TEST_CASE("3.1 who hears of a view waits to be admitted to it", "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  const auto generation = nodes["a"].view()->generation;

  nodes.start("c");
  REQUIRE(nodes.become_whole());

  CHECK(nodes["c"].view()->generation == generation);
  CHECK(nodes["c"].view()->find("a")->joined == 1);
  CHECK(nodes["c"].view()->find("c")->joined == 2);
}

TEST_CASE("3.4 a process in no view answers nothing and says what it waits for", "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  nodes.lost = [](const Nodes::Sent& sent) { return sent.to() == "c"; };
  nodes.start("c");

  const Result result = nodes.ask("c", get(std::string(32, 'x')));

  CHECK(absl::IsUnavailable(result.status));
  CHECK(nodes["c"].waiting_for(nodes.now()) == "waiting for the first word from a, b");
}

TEST_CASE("4.1 a proposer adopts the layout of the highest ballot that was accepted", "[views]") {
  const View view = view_of(3);
  Paxos proposer(view, Incarnation{1}, {});
  const ring::Layout own = layout_without(view, 2);
  const ring::Layout earlier = layout_without(view, 3);

  proposer.propose(Time(1h), own);
  const auto prepares = proposer.take_outgoing();
  REQUIRE(prepares.size() == 2);
  const membership::Ballot ballot = std::get<Prepare>(prepares[0].message).ballot;
  proposer.receive(Incarnation{2}, Promise{.ballot = ballot,
                                           .accepted = membership::Ballot{0, Incarnation{3}},
                                           .layout = earlier});

  const auto proposals = proposer.take_outgoing();
  REQUIRE_FALSE(proposals.empty());
  CHECK(std::get<Propose>(proposals[0].message).layout == earlier);
}

TEST_CASE("4.2 half of the members may decide if the oldest is among them", "[views]") {
  const View view = view_of(4);
  const auto votes = [&](std::set<std::uint64_t> members) {
    return membership::is_quorum(
        view, [&](const Member& member) { return members.contains(member.incarnation); });
  };

  CHECK(votes({1, 2}));
  CHECK(votes({1, 4}));
  CHECK_FALSE(votes({2, 3}));
  CHECK(votes({2, 3, 4}));
  CHECK_FALSE(votes({1}));
}

TEST_CASE("4.2 two members survive the crash of the younger and not that of the older", "[views]") {
  const std::string survivor = GENERATE("a", "b");
  const std::string other = survivor == "a" ? "b" : "a";
  Nodes nodes;
  const std::string id = nodes.session_at(other);
  nodes.crash(other);

  nodes.pass(5s);

  CHECK(nodes[survivor].ready(nodes.now()) == (survivor == "a"));
  CHECK(nodes.read(survivor, id).has_value() == (survivor == "a"));
}

TEST_CASE("4.6 nobody is admitted while a member is down and cannot be dropped yet", "[views]") {
  Nodes nodes({.names = {"a", "b", "c", "d"}, .later = {"d"}});
  nodes.crash("c");
  nodes.start("d");
  nodes.run();

  CHECK(nodes["a"].view()->members.size() == 3);
  CHECK(nodes["a"].view()->find("c"));
  REQUIRE(nodes.become_whole());
  CHECK(nodes["a"].view()->find("d"));
}

TEST_CASE("4.8 a decision whose proposer has died is completed by others", "[views]") {
  Nodes nodes({.names = {"a", "b", "c", "d", "e"}, .later = {"e"}});
  // All accept the view with e, and a dies before it knows.
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Accept>() != nullptr; };
  nodes.start("e");
  nodes.pass(100ms);
  nodes.crash("a");
  nodes.lost = {};

  REQUIRE(nodes.become_whole());

  CHECK(nodes["b"].view()->members.size() == 4);
  CHECK(nodes["b"].view()->find("e"));
}

TEST_CASE("5.1 a primary that is cut off stops answering before another one begins", "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  nodes.cut("a", "c");
  nodes.cut("b", "c");

  bool stopped_first = false;
  REQUIRE(nodes.pass_until([&] {
    if (!nodes.read("c", id)) stopped_first = true;
    return nodes.read("a", id) || nodes.read("b", id);
  }));

  CHECK(stopped_first);
  CHECK_FALSE(nodes.read("c", id));
}

TEST_CASE("5.9 who cannot tell by its clock whether the lease has ended stops answering",
          "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  nodes.cut("a", "c");
  nodes.cut("b", "c");

  Time by_coarse_clock;
  Time by_exact_clock;
  REQUIRE(nodes.pass_until([&] {
    if (nodes.read("c", id, 100ms)) by_coarse_clock = nodes.now();
    if (nodes.read("c", id)) by_exact_clock = nodes.now();
    return nodes.read("a", id) || nodes.read("b", id);
  }));

  CHECK(by_exact_clock - by_coarse_clock >= 100ms);
}

TEST_CASE("5.2 a lease ends a tenth early for who has it and late for who gave it", "[views]") {
  const View view = view_of(1);
  Leases leases(1s, {});
  const Time now(1h);

  leases.granted(Incarnation{1}, now);
  leases.grant(now, Incarnation{1});

  CHECK(leases.held_until(view) == now + 900ms);
  CHECK_FALSE(leases.may_drop(now + 1099ms, Incarnation{1}));
  CHECK(leases.may_drop(now + 1100ms, Incarnation{1}));
}

TEST_CASE("5.3 who has accepted a next layout grants nothing under this one", "[views]") {
  Nodes nodes({.names = {"a", "b", "c", "d"}, .later = {"d"}});
  // b accepts, and nothing is decided.
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Accept>() || sent.as<Decide>(); };
  nodes.start("d");
  nodes.pass(500ms);
  REQUIRE(nodes["a"].view()->members.size() == 3);

  const Time before = nodes["c"].membership().lease_until();
  nodes.pass(300ms);

  CHECK(nodes["c"].membership().lease_until() == before);
}

TEST_CASE("5.4 a member is dropped when the promises to it have run out", "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  nodes.pass(3s);  // past the calm
  const Time lease = nodes["c"].membership().lease_until();
  nodes.crash("c");

  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));

  CHECK(nodes.now() > lease);
  CHECK(nodes.now() < lease + 1s);
}

TEST_CASE("5.5 who has just installed a view drops nobody for the time of a lease", "[views]") {
  Leases leases(1s, {});
  const Time now(1h);
  leases.install(now);

  CHECK_FALSE(leases.may_drop(now + 1099ms, Incarnation{7}));
  CHECK(leases.may_drop(now + 1100ms, Incarnation{7}));
}

TEST_CASE("5.5 grants of the view before count no more", "[views]") {
  const View view = view_of(1);
  Leases leases(1s, {});
  leases.granted(Incarnation{1}, Time(1h));

  leases.install(Time(1h));

  CHECK(leases.held_until(view) == Time::min());
}

TEST_CASE("5.7 a member that is nobody's primary is granted nothing and dropped at once",
          "[views]") {
  Nodes nodes({.names = {"a", "b", "c"}, .witnesses = {"c"}});
  nodes.pass(3s);
  CHECK(nodes["c"].membership().lease_until() < nodes.now());
  CHECK(nodes["c"].ready(nodes.now()));

  nodes.crash("c");
  nodes.run();

  CHECK(nodes["a"].view()->members.size() == 2);
}

}  // namespace
}  // namespace sojourn::protocol
