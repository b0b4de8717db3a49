// Paragraphs 12 of docs/protocol.md.

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Replicate;
using replication::ReplicateAck;

TEST_CASE("12.2 writes to one session wait for each other, others do not", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::string other = nodes.session_at("a");

  const std::uint64_t first = nodes.call("a", paint(id, "blue"));
  const std::uint64_t second = nodes.call("a", paint(id, "green"));
  const std::uint64_t third = nodes.call("a", paint(other, "black"));
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 2);

  nodes.deliver(writes[1]);
  nodes.run();
  CHECK(nodes.ended("a", third));
  CHECK_FALSE(nodes.ended("a", first));
  nodes.deliver(writes[0]);
  nodes.run();
  CHECK(nodes.ended("a", first));
  CHECK(nodes.outcome("a", second).record->attribute("color") == "green");
}

TEST_CASE("12.4 a write is answered and seen when all writers have acknowledged it", "[writes]") {
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  const std::string id = nodes.session_at("a");

  const std::uint64_t number = nodes.call("a", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 2);
  nodes.deliver(writes[0]);
  nodes.run();
  CHECK_FALSE(nodes.ended("a", number));
  CHECK(nodes.read("a", id)->record->attribute("color") == "red");

  nodes.deliver(writes[1]);
  nodes.run();
  CHECK(nodes.outcome("a", number).status.ok());
  for (const char* holder : {"a", "b", "c"}) {
    CHECK(nodes.held(holder, id)->attribute("color") == "blue");
  }
}

TEST_CASE("12.4 no time-out makes a write of one that a backup has not", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };

  const std::uint64_t number = nodes.call("a", paint(id, "blue"));
  nodes.pass(10s);

  CHECK(absl::IsDeadlineExceeded(nodes.outcome("a", number).status));
  CHECK(nodes.ask("a", get(id)).record->attribute("color") == "red");
}

TEST_CASE("12.4 a writer that does not answer is removed by a later view", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.asleep.insert("b");

  const std::uint64_t number = nodes.call("a", paint(id, "blue"), 10s);
  REQUIRE(nodes.pass_until([&] { return nodes.ended("a", number); }));

  CHECK(nodes["a"].view()->members.size() == 1);
  CHECK(nodes.outcome("a", number).status.ok());
}

TEST_CASE("12.5 a write whose last acknowledgement finds no lease is committed with the next one",
          "[writes]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  const std::uint64_t number = nodes.call("c", paint(id, "blue"), 10s);
  const auto writes = nodes.take<Replicate>();
  nodes.deliver(writes);
  const auto acks = nodes.take<ReplicateAck>();
  nodes.lost = [](const Nodes::Sent& sent) {
    return sent.as<membership::Grant>() || sent.as<ReplicateAck>();
  };
  nodes.pass(1s);
  REQUIRE(nodes["c"].membership().lease_until() <= nodes.now());

  nodes.deliver(acks);
  CHECK_FALSE(nodes.ended("c", number));
  nodes.lost = {};
  nodes.pass(500ms);

  CHECK(nodes.outcome("c", number).status.ok());
}

TEST_CASE("12.6 a writer does not apply an older write over a newer one", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto first = nodes.take<Replicate>();
  nodes.deliver(first);
  nodes.run();
  nodes.ask("a", paint(id, "green"));

  nodes.deliver(first);
  nodes.run();

  CHECK(nodes.held("b", id)->attribute("color") == "green");
}

TEST_CASE("12.7 a late write of a busy segment is applied, not taken for a repeat", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  std::string other = nodes.session_at("a");
  while (ring::segment_of(other, 8) != ring::segment_of(id, 8)) other = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto early = nodes.take<Replicate>();
  nodes.ask("a", paint(other, "green"));
  CHECK(nodes.held("b", id)->attribute("color") == "red");

  nodes.deliver(early);
  nodes.run();

  CHECK(nodes.held("b", id)->attribute("color") == "blue");
}

TEST_CASE("12.9 a late write brings nothing back, before and after its tombstone is dropped",
          "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  nodes.deliver(writes);
  nodes.run();
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  REQUIRE(nodes["b"].plane().tombstones() == 1);

  nodes.deliver(writes);
  nodes.run();
  CHECK_FALSE(nodes.held("b", id));

  nodes.pass(2s);
  CHECK(nodes["b"].plane().tombstones() == 0);
  nodes.deliver(writes);
  nodes.run();
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("12.8 a deletion leaves a tombstone also for what was not there", "[writes]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  nodes.pass(2s);
  REQUIRE(nodes["b"].plane().tombstones() == 0);

  REQUIRE(nodes.ask("a", revoke(id)).status.ok());

  CHECK(nodes["b"].plane().tombstones() == 1);
}

TEST_CASE("12.10 authenticate moves a login to a new id of the same primary", "[writes]") {
  Nodes nodes;
  const Result login = nodes.ask("a", {.verb = Verb::kCreate, .lifetime = {30min, 30min}});
  REQUIRE(login.status.ok());
  const std::string old_id(login.record->id());

  const Result session =
      nodes.ask("b", {.verb = Verb::kAuthenticate, .id = old_id, .subject = "ana"});

  REQUIRE(session.status.ok());
  const std::string new_id(session.record->id());
  CHECK(ring::segment_of(new_id, 8) == ring::segment_of(old_id, 8));
  CHECK(absl::IsNotFound(nodes.ask("b", get(old_id)).status));
  CHECK(nodes.ask("a", get(new_id)).record->subject() == "ana");
  CHECK_FALSE(nodes.held("b", old_id));
  CHECK(nodes.held("b", new_id));
}

}  // namespace
}  // namespace sojourn::protocol
