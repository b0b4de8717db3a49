// Paragraphs 13, 14 and 15 of docs/protocol.md.

#include <set>
#include <string>
#include <vector>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Replicate;

TEST_CASE("13.3 an expired session is removed from every copy, by its primary", "[time]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a", {.idle = 2s, .absolute = 1h});

  nodes.pass(1s);
  CHECK(nodes.ask("b", get(id)).status.ok());
  nodes.pass(1900ms);
  CHECK(nodes.ask("b", {.verb = Verb::kTouch, .id = id}).status.ok());
  nodes.pass(2s);
  CHECK(absl::IsNotFound(nodes.ask("b", get(id)).status));

  nodes.pass(5s);
  CHECK_FALSE(nodes.held("a", id));
  CHECK_FALSE(nodes.held("b", id));
  CHECK(nodes["a"].expired() == 1);
  CHECK(nodes["b"].expired() == 0);
}

TEST_CASE("13.3 an expired session is not found only when its removal is committed", "[time]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a", {.idle = 1h, .absolute = 2s});
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };
  nodes.pass(3s);

  const std::uint64_t early = nodes.call("a", get(id), 250ms);
  nodes.pass(1s);
  CHECK(absl::IsUnavailable(nodes.outcome("a", early).status));

  nodes.lost = {};
  CHECK(absl::IsNotFound(nodes.ask("a", get(id)).status));
  CHECK_FALSE(nodes.held("b", id));
}

// Ids whose removal was sent and lost.
class LostRemovals {
 public:
  explicit LostRemovals(Nodes& nodes) : nodes_(nodes) {
    nodes_.lost = [this](const Nodes::Sent& sent) {
      const Replicate* replicate = sent.as<Replicate>();
      if (!replicate) return false;
      for (const auto& entry : replicate->entries) {
        if (!entry.record) ids_.insert(entry.id);
      }
      return true;
    };
  }
  ~LostRemovals() { nodes_.lost = {}; }
  std::size_t count() const { return ids_.size(); }

 private:
  Nodes& nodes_;
  std::set<std::string> ids_;
};

std::vector<std::string> short_lived(Nodes& nodes, int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    ids.push_back(nodes.session_at("a", {.idle = 1h, .absolute = 60s}));
  }
  return ids;
}

TEST_CASE("13.3 a flood of expired sessions is removed a few at a time", "[time]") {
  Nodes nodes;
  const std::vector<std::string> ids = short_lived(nodes, 100);
  {
    const LostRemovals lost(nodes);
    nodes.pass(62s);
    CHECK(lost.count() == 8);
  }

  nodes.pass(1s);

  for (const std::string& id : ids) {
    CHECK_FALSE(nodes.held("a", id));
    CHECK_FALSE(nodes.held("b", id));
  }
  CHECK(nodes["a"].expired() == ids.size());
}

TEST_CASE("13.3 as many removals of expired sessions may be under way as other writes", "[time]") {
  Nodes nodes;
  const std::vector<std::string> living = [&] {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(nodes.session_at("a"));
    return ids;
  }();
  short_lived(nodes, 100);
  nodes.pass(58s);
  const LostRemovals lost(nodes);
  for (const std::string& id : living) nodes.call("a", paint(id, "blue"), 1min);

  nodes.pass(4s);

  CHECK(lost.count() == living.size());
}

// Passes time until sessions expire, and to the end of that instant.
void pass_until_expiry(Nodes& nodes) {
  REQUIRE(nodes.pass_until([&] { return nodes["a"].expired() > 0; }, 2min));
}

TEST_CASE("13.3 a flood of expired sessions is removed five at a time, with pauses", "[time]") {
  const auto names = GENERATE(values<std::vector<std::string>>({{"a"}, {"a", "b"}}));
  Nodes nodes({.names = names, .copies = static_cast<std::uint32_t>(names.size())});
  short_lived(nodes, 20);
  pass_until_expiry(nodes);

  std::vector<std::uint64_t> removed;
  for (int i = 0; i < 4; ++i) {
    removed.push_back(nodes["a"].expired());
    nodes.pass(500us);
  }

  CHECK(removed == std::vector<std::uint64_t>{5, 10, 15, 20});
}

TEST_CASE("13.3 for each write that is committed one more expired session is removed", "[time]") {
  Nodes nodes;
  const std::string living = nodes.session_at("a");
  short_lived(nodes, 20);
  pass_until_expiry(nodes);
  REQUIRE(nodes["a"].expired() == 5);

  for (int i = 0; i < 3; ++i) {
    nodes.call("a", paint(living, "blue"));
    nodes.run();
  }

  CHECK(nodes["a"].expired() == 8);
}

Operation big_login() {
  return {.verb = Verb::kCreate,
          .lifetime = {.idle = 1h, .absolute = 60s},
          .attributes = {{"load", std::string(1000, 'x')}}};
}

TEST_CASE("13.3 while memory is short, removals of expired sessions make no pauses", "[time]") {
  Nodes nodes({.names = {"a"}, .copies = 1, .memory_bytes = 100'000});
  while (nodes.ask("a", big_login()).status.ok()) continue;
  const std::size_t full = nodes["a"].plane().table().usage().bytes;
  pass_until_expiry(nodes);

  CHECK(nodes["a"].expired() > 5);
  CHECK(nodes["a"].plane().memory_level() == MemoryLevel::kRoom);
  CHECK(nodes["a"].plane().table().usage().bytes > full / 2);
}

TEST_CASE("13.3 while a backup is short of memory, its primary's removals make no pauses",
          "[time]") {
  Nodes nodes({.memory_of = {{"b", 100'000}}});
  while (nodes.ask("a", big_login()).status.ok()) nodes.pass(10ms);
  pass_until_expiry(nodes);

  CHECK(nodes["a"].plane().memory_level() == MemoryLevel::kRoom);
  CHECK(nodes["a"].expired() > 5);
}

TEST_CASE("13.4 uses of a session are told to the other writers", "[time]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a", {.idle = 20s, .absolute = 1h});
  nodes.pass(10s);
  REQUIRE(nodes.ask("a", get(id)).status.ok());

  nodes.pass(1s);

  CHECK(*nodes["b"].plane().table().last_seen(id) > nodes.now() - 2s);
}

TEST_CASE("13.5 a failover ends no session early", "[time]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c", {.idle = 20s, .absolute = 1h});
  nodes.pass(18s);
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<replication::Touched>() != nullptr; };
  REQUIRE(nodes.ask("c", get(id)).status.ok());
  nodes.pass(200ms);
  nodes.crash("c");
  REQUIRE(nodes.become_whole());

  nodes.pass(1s);

  CHECK(nodes.ask("a", get(id)).status.ok());
}

TEST_CASE("13.6 a transfer prolongs no life", "[time]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c", {.idle = 1h, .absolute = 20s});
  nodes.pass(10s);
  nodes.on("c", [&](node::Node& c) { c.leave(nodes.now()); });
  REQUIRE(nodes.pass_until([&] { return nodes["c"].left(); }, 5s));
  nodes.crash("c");
  CHECK(nodes.ask("a", get(id)).status.ok());

  nodes.pass(11s);

  CHECK(absl::IsNotFound(nodes.ask("a", get(id)).status));
}

// All copies of a session of three members are lost.
struct AllCopiesLost {
  Nodes nodes{{.names = {"a", "b", "c"}, .copies = 1}};
  std::string id = nodes.session_at("c");

  AllCopiesLost() {
    nodes.crash("c");
    REQUIRE(nodes.become_whole());
  }
};

TEST_CASE("14.1 a segment that has lost all holders begins anew", "[losses]") {
  AllCopiesLost lost;
  Nodes& nodes = lost.nodes;
  const SegmentId segment = ring::segment_of(lost.id, Nodes::kSegments);

  CHECK(nodes["a"].roles()->layout().losses.contains(segment));
  CHECK(nodes["a"].roles()->is_lost(segment));
  CHECK_FALSE(nodes["a"].roles()->base(segment).empty());
}

TEST_CASE("14.2 in a lost segment absent means lost, and new sessions are made as ever",
          "[losses]") {
  AllCopiesLost lost;
  Nodes& nodes = lost.nodes;

  CHECK(absl::IsDataLoss(nodes.ask("a", get(lost.id)).status));
  CHECK(absl::IsDataLoss(nodes.ask("b", paint(lost.id, "blue")).status));
  CHECK(nodes.ask("b", revoke(lost.id)).status.ok());
  CHECK(nodes
            .ask("a",
                 {.verb = Verb::kCreate, .id = lost.id, .phase = Phase::kActive, .subject = "bo"})
            .status.ok());
  CHECK(nodes.ask("b", get(lost.id)).record->subject() == "bo");
}

TEST_CASE("14.3 when an operator has taken note absent means not found, everywhere", "[losses]") {
  AllCopiesLost lost;
  Nodes& nodes = lost.nodes;

  nodes.on("b", [&](node::Node& b) { b.acknowledge_losses(nodes.now()); });
  nodes.pass(1s);

  CHECK(absl::IsNotFound(nodes.ask("a", get(lost.id)).status));
  CHECK(absl::IsNotFound(nodes.ask("b", get(lost.id)).status));
}

TEST_CASE("15.1 a new session is refused while a backup is at its memory bound", "[bounds]") {
  Nodes nodes({.memory_bytes = std::size_t{1} << 20});
  const auto create = [&](const std::string& at) {
    return nodes.ask(at, {.verb = Verb::kCreate,
                          .phase = Phase::kActive,
                          .subject = "ana",
                          .attributes = {{"load", std::string(4000, 'x')}}});
  };
  Result last;
  int made = 0;
  while (made < 1000 && (last = create("a")).status.ok()) ++made;
  CHECK(absl::IsResourceExhausted(last.status));
  nodes.pass(500ms);

  CHECK(absl::IsResourceExhausted(create("b").status));
}

TEST_CASE("15.3 a full queue ends a call at once as unavailable", "[bounds]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t number = nodes.call("b", get(id));
  const auto requests = nodes.take<replication::Request>();

  nodes.on("b", [&](node::Node& b) {
    b.undeliverable(nodes.now(), "a", requests[0].outgoing.envelope.message,
                    absl::ResourceExhaustedError("full"));
  });

  CHECK(absl::IsUnavailable(nodes.outcome("b", number).status));
}

}  // namespace
}  // namespace sojourn::protocol
