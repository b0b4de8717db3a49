// Paragraph 18 of docs/protocol.md.

#include <algorithm>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Cause;
using replication::Delivered;
using replication::DeliveredAck;
using replication::Event;
using replication::Inquiry;
using replication::Plane;
using replication::Question;
using replication::Replicate;
using replication::ReplicateAck;

const std::vector<std::string> kNames = {"a", "b", "c"};

void listen(Nodes& nodes, const std::vector<std::string>& names = kNames) {
  for (const std::string& name : names) {
    nodes.on(name, [](node::Node& node) { node.listen(true); });
  }
}

// What was offered about that session. A new view recalls events, and offers them again.
std::vector<Event> events_of(const std::vector<Plane::Offered>& offered, const std::string& id) {
  std::vector<Event> events;
  std::set<Version> known;
  for (const Plane::Offered& one : offered) {
    const bool of_session = one.event.id == id || one.event.previous_id == id;
    if (of_session && known.insert(one.event.number).second) events.push_back(one.event);
  }
  return events;
}

std::vector<Cause> causes_of(const std::vector<Plane::Offered>& offered, const std::string& id) {
  std::vector<Cause> causes;
  for (const Event& event : events_of(offered, id)) causes.push_back(event.cause);
  return causes;
}

// The subscribers of that member have had all that it offered.
void have_all(Nodes& nodes, const std::string& name) {
  for (const Plane::Offered& one : nodes.events[name]) {
    nodes[name].delivered(one.segment, one.event.number);
  }
}

using Causes = std::vector<Cause>;

TEST_CASE("18.1 every write says what it did, and its primary alone offers that", "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  const std::string id = nodes.session_at("c");

  nodes.ask("a", paint(id, "blue"));
  const Result rotated = nodes.ask("b", {.verb = Verb::kRotate, .id = id});
  const std::string new_id(rotated.record->id());
  nodes.ask("a", revoke(new_id));
  nodes.ask("a", revoke(new_id));

  CHECK(causes_of(nodes.events["c"], id) ==
        Causes{Cause::kCreated, Cause::kChanged, Cause::kRotated});
  CHECK(causes_of(nodes.events["c"], new_id) == Causes{Cause::kRotated, Cause::kRevoked});
  CHECK(nodes.events["a"].empty());
  CHECK(nodes.events["b"].empty());
  CHECK(nodes.events["c"].back().event.subject == "ana");
  CHECK(nodes.events["c"].back().event.phase == Phase::kActive);
}

TEST_CASE("18.1 a session whose time is up is told to have expired", "[events]") {
  Nodes nodes;
  listen(nodes, {"a", "b"});
  const std::string id = nodes.session_at("a", {1s, 1s});

  nodes.pass(5s);

  CHECK(causes_of(nodes.events["a"], id) == Causes{Cause::kCreated, Cause::kExpired});
}

TEST_CASE("18.1 the end of an alias is nobody's end", "[events]") {
  Nodes nodes;
  listen(nodes, {"a", "b"});
  const std::string id = nodes.session_at("a");
  nodes.ask("a", {.verb = Verb::kRotate, .id = id, .overlap = 1s});

  nodes.pass(5s);

  CHECK(causes_of(nodes.events["a"], id) == Causes{Cause::kCreated, Cause::kRotated});
}

TEST_CASE("18.1 an end says whether it came with all of a subject or label", "[events]") {
  const std::string label =
      "\x03"
      "appmail";
  struct Row {
    replication::Key key;
    Cause cause;
  };
  for (const Row& row : {Row{{session::KeyView::Kind::kSubject, "ana"}, Cause::kSubjectRevoked},
                         Row{{session::KeyView::Kind::kLabel, label}, Cause::kLabelRevoked}}) {
    Nodes nodes({.names = kNames});
    listen(nodes);
    const Operation login = {
        .verb = Verb::kCreate, .phase = Phase::kActive, .subject = "ana", .labels = {label}};
    const Result made = nodes.ask("c", login);
    REQUIRE(made.status.ok());
    const std::string id(made.record->id());

    const Question end = {.inquiry = Inquiry::kEnd, .key = row.key};
    REQUIRE(nodes.ask("a", end).count == 1);

    CHECK(causes_of(nodes.events[nodes.writers("a", id).front()], id) ==
          Causes{Cause::kCreated, row.cause});
  }
}

TEST_CASE("18.1 a session that made room for another of its subject is told so", "[events]") {
  Nodes nodes({.names = kNames, .sessions_per_subject = 1, .ends_oldest = true});
  listen(nodes);
  const Operation login = {.verb = Verb::kCreate, .phase = Phase::kActive, .subject = "ana"};
  std::vector<std::string> ids;
  // So that an arbiter ends sessions of others too.
  for (const std::string& name : kNames) {
    const Result made = nodes.ask(name, login, 5s);
    REQUIRE(made.status.ok());
    ids.emplace_back(made.record->id());
  }

  for (const std::string& id : {ids[0], ids[1]}) {
    CHECK(causes_of(nodes.events[nodes.writers("a", id).front()], id) ==
          Causes{Cause::kCreated, Cause::kRevokedByLimit});
  }
  CHECK(causes_of(nodes.events[nodes.writers("a", ids[2]).front()], ids[2]) ==
        Causes{Cause::kCreated});
}

TEST_CASE("18.1 nobody is told of companions", "[events]") {
  Nodes nodes;
  listen(nodes, {"a", "b"});
  const Lifetime lifetime = {10s, 10s};
  const std::vector<Operation> operations = {
      {.verb = Verb::kPutOnce, .id = "=state", .lifetime = lifetime, .value = "nonce"},
      {.verb = Verb::kTake, .id = "=state"},
      {.verb = Verb::kAdd, .id = "+ana", .lifetime = lifetime, .amount = 3},
      {.verb = Verb::kResetCounter, .id = "+ana"},
      {.verb = Verb::kAdd, .id = "+bob", .lifetime = lifetime, .amount = 3},
      {.verb = Verb::kRevokeToken, .id = "!jti", .lifetime = lifetime}};
  for (const Operation& operation : operations) {
    REQUIRE(nodes.ask("a", operation).status.ok());
  }

  nodes.pass(30s);

  REQUIRE(absl::IsNotFound(nodes.ask("b", {.verb = Verb::kLook, .id = "!jti"}).status));
  CHECK(nodes.events.empty());
}

TEST_CASE("18.2 an event is offered when all writers have the write", "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  const std::string id = nodes.session_at("c");
  nodes.call("c", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 2);

  nodes.deliver(writes[0]);
  nodes.run();
  CHECK(causes_of(nodes.events["c"], id) == Causes{Cause::kCreated});

  nodes.deliver(writes[1]);
  nodes.run();
  CHECK(causes_of(nodes.events["c"], id) == Causes{Cause::kCreated, Cause::kChanged});
}

TEST_CASE("18.2 no event is offered before those of writes that began earlier", "[events]") {
  Nodes nodes;
  listen(nodes, {"a", "b"});
  std::vector<std::string> ids = {nodes.session_at("a")};
  const auto segment = [&](const std::string& id) { return nodes["a"].roles()->segment_of(id); };
  do ids.push_back(nodes.session_at("a"));
  while (segment(ids.back()) != segment(ids.front()));
  nodes.events.clear();
  nodes.call("a", paint(ids.front(), "blue"));
  const auto first = nodes.take<Replicate>();
  REQUIRE(first.size() == 1);

  nodes.call("a", paint(ids.back(), "green"));
  nodes.run();
  CHECK(nodes.held("a", ids.back())->attribute("color") == "green");
  CHECK(nodes.events["a"].empty());

  nodes.deliver(first);
  nodes.run();
  REQUIRE(nodes.events["a"].size() == 2);
  CHECK(nodes.events["a"][0].event.id == ids.front());
}

TEST_CASE("18.3 an event may be delivered only while its member may answer", "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  nodes.session_at("c");
  const Plane::Offered offered = nodes.events["c"].front();
  const auto permission = [&] { return nodes["c"].plane().permission(offered, nodes.now()); };
  CHECK(permission() == Plane::Permission::kDeliver);

  nodes.cut("a", "c");
  nodes.cut("b", "c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));
  CHECK(permission() == Plane::Permission::kWait);

  nodes.heal();
  REQUIRE(nodes.become_whole());
  CHECK(permission() == Plane::Permission::kDrop);
}

TEST_CASE("18.4 backups with subscribers keep an event until they hear that it is delivered",
          "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes, {"b", "c"});
  nodes.session_at("c");
  nodes.pass(2s);
  CHECK(nodes["c"].plane().events_kept() == 1);
  CHECK(nodes["b"].plane().events_kept() == 1);
  CHECK(nodes["a"].plane().events_kept() == 0);
  bool lose = true;
  nodes.lost = [&](const Nodes::Sent& sent) { return sent.as<DeliveredAck>() && lose; };

  have_all(nodes, "c");
  CHECK(nodes["c"].plane().events_kept() == 0);
  std::size_t tellings = 0;
  const auto count = [&](const Nodes::Sent& sent) {
    if (sent.as<Delivered>()) ++tellings;
    CHECK((!sent.as<Delivered>() || sent.to() == "b"));
    return sent.as<DeliveredAck>() && lose;
  };
  nodes.lost = count;
  nodes.pass(2s);
  CHECK(nodes["b"].plane().events_kept() == 0);
  CHECK(tellings > 1);

  lose = false;
  nodes.pass(2s);
  tellings = 0;
  nodes.pass(5s);
  CHECK(tellings == 0);
}

TEST_CASE("18.4 a write says what was delivered before it", "[events]") {
  Nodes nodes;
  listen(nodes, {"a", "b"});
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Delivered>() != nullptr; };
  const std::string id = nodes.session_at("a");
  have_all(nodes, "a");
  REQUIRE(nodes["b"].plane().events_kept() == 1);

  nodes.call("a", paint(id, "blue"));
  nodes.run();

  CHECK(nodes["b"].plane().events_kept() == 1);
  have_all(nodes, "a");
  nodes.call("a", paint(id, "green"));
  nodes.run();
  CHECK(nodes["b"].plane().events_kept() == 1);
}

TEST_CASE("18.4 without subscribers nothing is kept, and nothing is told", "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  std::size_t tellings = 0;
  nodes.lost = [&](const Nodes::Sent& sent) {
    tellings += sent.as<Delivered>() ? 1 : 0;
    return false;
  };
  nodes.session_at("c");

  nodes.pass(2s);

  for (const std::string& name : kNames) CHECK(nodes[name].plane().events_kept() == 0);
  CHECK(tellings == 0);
  CHECK(nodes.events.empty());
}

TEST_CASE("18.5 a new primary offers what may not have been delivered, under the same number",
          "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  const std::string id = nodes.session_at("c");
  nodes.ask("c", paint(id, "blue"));
  const Event created = nodes.events["c"].at(0).event;
  const Event changed = nodes.events["c"].at(1).event;
  const bool told = GENERATE(true, false);
  if (told) {
    nodes["c"].delivered(nodes.events["c"].at(0).segment, created.number);
    nodes.pass(1s);
  }

  nodes.crash("c");
  REQUIRE(nodes.become_whole());

  const std::vector<Event> offered = events_of(nodes.events[nodes.writers("a", id).front()], id);
  CHECK(offered == (told ? std::vector{changed} : std::vector{created, changed}));
}

TEST_CASE("18.5 a write that a new primary holds is told, whoever was answered", "[events]") {
  // The primary dies when one of its two backups has the write.
  const bool first_has_it = GENERATE(true, false);
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  const std::string id = nodes.session_at("c");
  have_all(nodes, "c");
  nodes.pass(1s);
  nodes.events.clear();
  nodes.call("c", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 2);
  nodes.deliver(writes[first_has_it ? 0 : 1]);
  nodes.crash("c");
  REQUIRE(nodes.become_whole());

  const std::string primary = nodes.writers("a", id).front();
  const bool happened = nodes.held(primary, id)->attribute("color") == "blue";
  CHECK(causes_of(nodes.events[primary], id) == (happened ? Causes{Cause::kChanged} : Causes{}));
  // The other holder is in step, in this too.
  const std::string other = primary == "a" ? "b" : "a";
  CHECK(nodes[other].plane().events_kept() == (happened ? 1 : 0));
}

TEST_CASE("18.6 who comes to hold a segment learns what may not have been delivered", "[events]") {
  Nodes nodes({.names = kNames, .later = {"c"}, .copies = 3});
  listen(nodes, {"a", "b"});
  const std::string id = nodes.session_at("a");
  nodes.start("c");
  listen(nodes, {"c"});
  REQUIRE(nodes.become_whole());
  CHECK(nodes["c"].plane().events_kept() == 1);

  nodes.crash("a");
  nodes.crash("b");
  nodes.start("a");
  nodes.start("b");
  nodes.on("c", [&](node::Node& node) { node.recover_now(nodes.now()); });
  REQUIRE(nodes.become_whole());

  CHECK(causes_of(nodes.events["c"], id) == Causes{Cause::kCreated});
}

TEST_CASE("18.6 a write that gets another version keeps the number of its event", "[events]") {
  Nodes nodes({.names = kNames, .copies = 3});
  listen(nodes);
  const std::string id = nodes.session_at("c");
  // All but its acknowledgements arrives.
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<ReplicateAck>() != nullptr; };
  const std::uint64_t call = nodes.call("c", paint(id, "blue"), 60s);
  nodes.run();
  const std::uint64_t epoch = nodes["c"].view()->epoch;
  nodes.crash(nodes.writers("c", id).back());
  REQUIRE(nodes.pass_until([&] { return nodes["c"].view()->epoch > epoch; }));
  nodes.lost = {};
  REQUIRE(nodes.pass_until([&] { return nodes.ended("c", call); }));

  const std::vector<Plane::Offered>& offered = nodes.events["c"];
  const Event& changed = offered.back().event;
  CHECK(changed.cause == Cause::kChanged);
  CHECK(changed.number.epoch == epoch);
  CHECK(changed.version.epoch > epoch);
  const std::string backup = nodes.writers("c", id).back();
  CHECK(nodes[backup].plane().events_kept() == 2);
}

TEST_CASE("18.7 each member tells of the views that it installs", "[events]") {
  Nodes nodes({.names = kNames, .copies = 1});
  listen(nodes);
  const auto before = nodes["a"].roles();

  nodes.crash("c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));

  for (const std::string name : {"a", "b"}) {
    REQUIRE_FALSE(nodes.view_changes[name].empty());
    const node::ViewChange& change = nodes.view_changes[name].front();
    CHECK(change.before->view().epoch == before->view().epoch);
    CHECK_FALSE(change.after->layout().losses.empty());
  }
}

}  // namespace
}  // namespace sojourn::protocol
