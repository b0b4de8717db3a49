// Paragraphs 8, 9 and 10 of docs/protocol.md.

#include <algorithm>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Chunk;
using replication::Plane;
using replication::Pulled;
using replication::Replicate;

// A layout of one segment: who is a member, by name, and who of them holds it.
std::shared_ptr<const ring::Roles> roles_of(std::uint64_t epoch, const std::string& members,
                                            const std::string& holders,
                                            const std::string& leaving = "",
                                            std::uint32_t copies = 2) {
  ring::Layout layout = {
      .view = {.epoch = epoch, .generation = 1, .segments = 1, .copies = copies}};
  layout.base.resize(1);
  for (const char name : members) {
    const auto place = static_cast<std::uint32_t>(layout.view.members.size());
    layout.view.members.push_back({.name = std::string(1, name),
                                   .incarnation = static_cast<std::uint64_t>(name),
                                   .joined = 1,
                                   .leaving = leaving.find(name) != std::string::npos});
    if (holders.find(name) != std::string::npos) layout.base[0].push_back(MemberIndex{place});
  }
  return ring::Roles::of(std::make_shared<const ring::Layout>(std::move(layout)));
}

const SegmentId kOnly{0};

std::string primary_of(const ring::Roles& roles) {
  return roles.view().members[roles.primary(kOnly)->value].name;
}

TEST_CASE("8.4 the writers are the holders and those that should be", "[layout]") {
  // With one copy each of them is the ideal owner or is not.
  const auto roles = roles_of(1, "abc", "ab", "", 1);

  const MemberIndex ideal = roles->ideal(kOnly).front();
  CHECK(roles->is_writer({0}, kOnly));
  CHECK(roles->is_writer({1}, kOnly));
  CHECK(roles->is_writer({2}, kOnly) == (ideal == MemberIndex{2}));
  CHECK(roles->is_learner({2}, kOnly) == (ideal == MemberIndex{2}));
}

TEST_CASE("8.5 the primary is a holder, and one that stays if there is any", "[layout]") {
  CHECK(primary_of(*roles_of(1, "abc", "c")) == "c");
  CHECK(primary_of(*roles_of(1, "abc", "bc", "c")) == "b");
  CHECK(primary_of(*roles_of(1, "abc", "bc", "b")) == "c");
  CHECK(primary_of(*roles_of(1, "abc", "b", "b")) == "b");
}

TEST_CASE("8.6 a learner becomes a holder when all have received everything", "[layout]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  nodes.session_at("a");
  nodes.session_at("b");
  bool all_arrives = false;
  nodes.lost = [&](const Nodes::Sent& sent) { return sent.as<Chunk>() && !all_arrives; };
  nodes.start("c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 3; }));
  const auto c_holds = [&] {
    const ring::Roles& roles = *nodes["a"].roles();
    for (std::uint32_t i = 0; i < Nodes::kSegments; ++i) {
      if (roles.is_holder({2}, {i})) return true;
    }
    return false;
  };

  nodes.pass(5s);
  CHECK_FALSE(c_holds());
  all_arrives = true;
  REQUIRE(nodes.become_whole());
  CHECK(c_holds());
}

TEST_CASE("9.2 a primary that goes on sends its writes again under the new view", "[takeover]") {
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  const std::string id = nodes.session_at("a");
  nodes.asleep.insert("c");
  const std::uint64_t number = nodes.call("a", paint(id, "blue"), 20s);

  REQUIRE(nodes.pass_until([&] { return nodes.ended("a", number); }));

  CHECK(nodes["a"].view()->members.size() == 2);
  CHECK(nodes.outcome("a", number).record->version().epoch == nodes["a"].view()->epoch);
  CHECK(nodes.held("b", id)->version() == nodes.held("a", id)->version());
}

// A primary alone, whose views are what the test says.
struct Primary {
  SeededRandom random{1};
  Plane plane{{.segments = 1}, random};
  Time now = Time(1h);

  void install(const std::shared_ptr<const ring::Roles>& roles) {
    const Member* self = roles->view().find("a");
    plane.install(now, roles, {static_cast<std::uint32_t>(self - roles->view().members.data())});
    plane.set_lease(now, now + 1h);
    plane.take_effects();
  }
};

TEST_CASE("9.3 a primary that goes on without a living former holder waits for all members",
          "[takeover]") {
  Primary primary;
  primary.install(roles_of(1, "ab", "ab"));
  primary.plane.confirm(primary.now);
  primary.plane.receive(primary.now, {1}, Pulled{{kOnly}});
  REQUIRE(primary.plane.is_serving(kOnly, primary.now));

  primary.install(roles_of(2, "ab", "a"));
  CHECK_FALSE(primary.plane.is_serving(kOnly, primary.now));

  primary.plane.confirm(primary.now);
  CHECK(primary.plane.is_serving(kOnly, primary.now));
}

TEST_CASE("9.3 it waits over further views, until all members have installed one of them",
          "[takeover]") {
  Primary primary;
  primary.install(roles_of(1, "ab", "ab"));
  primary.plane.confirm(primary.now);
  primary.plane.receive(primary.now, {1}, Pulled{{kOnly}});
  primary.install(roles_of(2, "ab", "a"));

  primary.install(roles_of(3, "abc", "a"));
  CHECK_FALSE(primary.plane.is_serving(kOnly, primary.now));

  primary.plane.confirm(primary.now);
  CHECK(primary.plane.is_serving(kOnly, primary.now));
}

TEST_CASE("9.4 a new primary waits for all members and for the other holders", "[takeover]") {
  const bool confirmed_first = GENERATE(true, false);
  Primary primary;
  primary.install(roles_of(1, "ab", "ab"));
  const auto confirm = [&] { primary.plane.confirm(primary.now); };
  const auto pulled = [&] { primary.plane.receive(primary.now, {1}, Pulled{{kOnly}}); };

  CHECK_FALSE(primary.plane.is_serving(kOnly, primary.now));
  confirmed_first ? confirm() : pulled();
  CHECK_FALSE(primary.plane.is_serving(kOnly, primary.now));
  confirmed_first ? pulled() : confirm();

  CHECK(primary.plane.is_serving(kOnly, primary.now));
}

TEST_CASE("9.5 a write that only some holders have is there for all or for none", "[takeover]") {
  // The primary dies when one of its two backups has the write.
  const bool first_has_it = GENERATE(true, false);
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  const std::string id = nodes.session_at("c");
  nodes.call("c", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 2);
  nodes.deliver(writes[first_has_it ? 0 : 1]);
  nodes.crash("c");

  REQUIRE(nodes.become_whole());

  const auto color = nodes.ask("a", get(id)).record->attribute("color");
  CHECK(nodes.held("a", id)->attribute("color") == color);
  CHECK(nodes.held("b", id)->attribute("color") == color);
  CHECK(nodes.held("a", id)->version() == nodes.held("b", id)->version());
}

TEST_CASE("10.3 holders with equal states are in step without a session being sent", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  for (const char* name : {"a", "b", "c"}) nodes.session_at(name);
  std::size_t chunks = 0;
  nodes.lost = [&](const Nodes::Sent& sent) {
    chunks += sent.as<Chunk>() ? 1 : 0;
    return false;
  };

  nodes.crash("c");
  REQUIRE(nodes.become_whole());

  CHECK(chunks == 0);
}

TEST_CASE("10.4 a learner gets all sessions in chunks, and a lost one again", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(nodes.session_at(i % 2 == 0 ? "a" : "b"));
  std::size_t chunks = 0;
  nodes.lost = [&](const Nodes::Sent& sent) { return sent.as<Chunk>() && ++chunks % 2 == 1; };

  nodes.start("c");
  REQUIRE(nodes.become_whole());

  CHECK(chunks > 0);
  for (const std::string& id : ids) {
    const std::vector<std::string> writers = nodes.writers("a", id);
    CHECK(writers.size() == 2);
    for (const std::string& writer : writers) CHECK(nodes.held(writer, id));
  }
}

TEST_CASE("10.5 a chunk does not overwrite what was written since", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}, .copies = 3});
  const std::string painted = nodes.session_at("a");
  std::string revoked = nodes.session_at("a");
  while (ring::segment_of(revoked, 8) != ring::segment_of(painted, 8)) {
    revoked = nodes.session_at("a");
  }
  std::vector<Nodes::Sent> chunks;
  nodes.lost = [&](const Nodes::Sent& sent) {
    if (sent.as<Chunk>() && sent.to() == "c") chunks.push_back(sent);
    return sent.as<Chunk>() != nullptr;
  };
  nodes.start("c");
  REQUIRE(nodes.pass_until([&] { return !chunks.empty(); }));
  const std::string primary = nodes.writers("a", painted).front();
  REQUIRE(nodes.ask(primary, paint(painted, "blue")).status.ok());
  REQUIRE(nodes.ask(primary, revoke(revoked)).status.ok());

  nodes.deliver(chunks);
  nodes.lost = {};
  REQUIRE(nodes.become_whole());

  CHECK(nodes.held("c", painted)->attribute("color") == "blue");
  CHECK_FALSE(nodes.held("c", revoked));
}

TEST_CASE("10.6 a learner keeps its tombstones until it is in step", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}, .copies = 3});
  const std::string id = nodes.session_at("a");
  std::string other = nodes.session_at("a");
  while (ring::segment_of(other, 8) != ring::segment_of(id, 8)) other = nodes.session_at("a");
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Chunk>() != nullptr; };
  nodes.start("c");
  REQUIRE(nodes.pass_until([&] { return nodes["c"].view() != nullptr; }));
  REQUIRE(nodes.ask("a", revoke(id), 5s).status.ok());

  nodes.pass(3s);
  CHECK(nodes["b"].plane().tombstones() == 0);
  CHECK(nodes["c"].plane().tombstones() == 1);

  nodes.lost = {};
  REQUIRE(nodes.become_whole());
  nodes.pass(2s);
  CHECK(nodes["c"].plane().tombstones() == 0);
}

TEST_CASE("10.8 a new holder remembers what its callers have not settled", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}, .copies = 3});
  const std::string id = nodes.session_at("a");
  // b does not hear how its call ended.
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<replication::Reply>() != nullptr; };
  nodes.call("b", paint(id, "blue"), 60s);
  nodes.run();
  nodes.start("c");

  REQUIRE(nodes.become_whole());

  CHECK(nodes["c"].plane().memos() == 1);
}

TEST_CASE("10.9 a member forgets what it has no part in any more", "[step]") {
  Nodes nodes({.names = {"a", "b", "c"}, .later = {"c"}});
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(nodes.session_at(i % 2 == 0 ? "a" : "b"));
  nodes.start("c");
  REQUIRE(nodes.become_whole());

  for (const std::string& id : ids) {
    const std::vector<std::string> writers = nodes.writers("a", id);
    for (const char* name : {"a", "b", "c"}) {
      const bool writes = std::find(writers.begin(), writers.end(), name) != writers.end();
      CHECK(static_cast<bool>(nodes.held(name, id)) == writes);
    }
  }
}

}  // namespace
}  // namespace sojourn::protocol
