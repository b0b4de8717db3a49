// Paragraphs 17 of docs/protocol.md.

#include <set>
#include <string>
#include <vector>

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Gather;
using replication::Gathered;
using replication::Inquiry;
using replication::Key;
using replication::Question;
using replication::Replicate;
using replication::Request;
using replication::Verdict;

const Key kAna = {session::KeyView::Kind::kSubject, "ana"};

Question list_ana() { return {.inquiry = Inquiry::kList, .key = kAna, .limit = 100}; }
Question count_ana() { return {.inquiry = Inquiry::kCount, .key = kAna}; }
Question end_ana() { return {.inquiry = Inquiry::kEnd, .key = kAna}; }
Operation login_of_ana(std::string id = {}) {
  return {.verb = Verb::kCreate, .id = std::move(id), .phase = Phase::kActive, .subject = "ana"};
}

std::set<std::string> ids_of(const replication::Findings& findings) {
  std::set<std::string> ids;
  for (const auto& session : findings.sessions) ids.emplace(session.record->id());
  return ids;
}

TEST_CASE("17.2 a question is answered when every member has answered", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  std::set<std::string> ids;
  for (const char* name : {"a", "b", "c"}) ids.insert(nodes.session_at(name));

  const std::uint64_t number = nodes.question("a", list_ana());
  const auto gathers = nodes.take<Gather>();
  REQUIRE(gathers.size() == 2);
  nodes.deliver(gathers[0]);
  nodes.run();
  CHECK_FALSE(nodes.answered("a", number));
  nodes.deliver(gathers[1]);
  nodes.run();

  CHECK(ids_of(nodes.findings("a", number)) == ids);
}

TEST_CASE("17.2 who does not serve yet answers later", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  // Whoever takes over from c needs the word of all.
  nodes.crash("c");
  const std::uint64_t number = nodes.question("a", list_ana(), 20s);
  CHECK_FALSE(nodes.answered("a", number));

  REQUIRE(nodes.pass_until([&] { return nodes.answered("a", number); }));

  CHECK(ids_of(nodes.findings("a", number)) == std::set<std::string>{id});
}

TEST_CASE("17.2 a witness answers, and has nothing to say", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "w"}, .witnesses = {"w"}});
  nodes.session_at("a");
  nodes.session_at("b");

  for (const char* name : {"a", "b", "w"}) CHECK(nodes.ask(name, count_ana()).count == 2);
}

TEST_CASE("17.4 a session whose time is up is listed until its removal is committed",
          "[subjects]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a", {.idle = 1h, .absolute = 2s});
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };
  nodes.pass(3s);

  CHECK(ids_of(nodes.ask("b", list_ana())) == std::set<std::string>{id});
  CHECK(nodes.ask("b", count_ana()).count == 1);

  nodes.lost = {};
  nodes.pass(1s);
  CHECK(nodes.ask("b", list_ana()).sessions.empty());
}

TEST_CASE("17.3 under a new view the question begins anew", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  for (const char* name : {"a", "b", "c"}) nodes.session_at(name);
  nodes.lost = [](const Nodes::Sent& sent) {
    return sent.as<Gathered>() != nullptr && sent.from == "c";
  };
  const std::uint64_t number = nodes.question("a", count_ana(), 20s);
  nodes.pass(50ms);
  CHECK_FALSE(nodes.answered("a", number));

  nodes.crash("c");
  REQUIRE(nodes.pass_until([&] { return nodes.answered("a", number); }));

  CHECK(nodes.findings("a", number).count == 3);
}

TEST_CASE("17.5 nothing is ended before every member has halted", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("b");
  nodes.lost = [](const Nodes::Sent& sent) {
    return sent.as<Gather>() != nullptr && sent.to() == "c";
  };

  const std::uint64_t number = nodes.question("a", end_ana(), 300ms);
  nodes.pass(1s);

  CHECK(absl::IsDeadlineExceeded(nodes.findings("a", number).status));
  CHECK(nodes.held("b", id));
}

TEST_CASE("17.5 a login that was called before does not make a session afterwards", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("b");
  REQUIRE(nodes.ask("b", revoke(id)).status.ok());
  // The login lies in the network while all sessions are ended, from first to last.
  const std::uint64_t login = nodes.call("c", login_of_ana(id), 10s);
  const auto requests = nodes.take<Request>();
  REQUIRE(requests.size() == 1);
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Request>() != nullptr; };
  REQUIRE(nodes.ask("a", end_ana()).status.ok());

  nodes.deliver(requests);
  nodes.run();
  nodes.lost = nullptr;
  nodes.pass(1s);

  CHECK(absl::IsAborted(nodes.outcome("c", login).status));
  CHECK(nodes.ask("a", count_ana()).count == 0);
}

TEST_CASE("17.5 a login that is called afterwards is not concerned", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  REQUIRE(nodes.ask("a", end_ana()).status.ok());

  for (const char* name : {"a", "b", "c"}) CHECK(nodes.ask(name, login_of_ana()).status.ok());
  CHECK(nodes.ask("b", count_ana()).count == 3);
}

TEST_CASE("17.6 a session that is being made is ended when it is there", "[subjects]") {
  Nodes nodes;
  const std::uint64_t login = nodes.call("a", login_of_ana());
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 1);

  const std::uint64_t number = nodes.question("b", end_ana());
  nodes.run();
  CHECK_FALSE(nodes.answered("b", number));
  nodes.deliver(writes);
  nodes.run();

  CHECK(nodes.outcome("a", login).status.ok());
  CHECK(nodes.findings("b", number).count == 1);
  CHECK(nodes.ask("a", get(std::string(nodes.outcome("a", login).record->id()))).status.code() ==
        absl::StatusCode::kNotFound);
}

TEST_CASE("17.6 a session that is getting a new id is ended under it", "[subjects]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t rotation = nodes.call("a", {.verb = Verb::kRotate, .id = id});
  const auto writes = nodes.take<Replicate>();
  REQUIRE(writes.size() == 1);

  const std::uint64_t number = nodes.question("b", end_ana());
  nodes.run();
  nodes.deliver(writes);
  nodes.run();

  REQUIRE(nodes.outcome("a", rotation).status.ok());
  CHECK(nodes.findings("b", number).count == 1);
  for (const char* name : {"a", "b"}) {
    CHECK_FALSE(nodes.held(name, std::string(nodes.outcome("a", rotation).record->id())));
  }
}

TEST_CASE("17.6 sessions are ended before what waits for them begins", "[subjects]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const std::uint64_t rotation = nodes.call("a", {.verb = Verb::kRotate, .id = id});
  const auto writes = nodes.take<Replicate>();

  const std::uint64_t number = nodes.question("b", end_ana());
  nodes.run();
  nodes.deliver(writes);
  nodes.run();

  CHECK(nodes.findings("b", number).count == 1);
  CHECK(absl::IsNotFound(nodes.outcome("a", rotation).status));
}

TEST_CASE("17.8 who had halted gives the same number again", "[subjects]") {
  Nodes nodes;
  const std::uint64_t number = nodes.question("a", end_ana());
  const auto halts = nodes.take<Gather>();
  REQUIRE(halts.size() == 1);
  nodes.deliver(halts);
  const auto first = nodes.take<Gathered>();
  nodes.call("b", get("somebody"));
  nodes.call("b", get("somebody"));
  nodes.deliver(halts);
  const auto second = nodes.take<Gathered>();

  REQUIRE(first.size() == 1);
  REQUIRE(second.size() == 1);
  CHECK(first[0].as<Gathered>()->count == second[0].as<Gathered>()->count);
  nodes.deliver(second);
  nodes.run();
  CHECK(nodes.answered("a", number));
}

TEST_CASE("17.10 no place is given twice", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}, .sessions_per_subject = 2});
  std::vector<std::pair<std::string, std::uint64_t>> logins;
  for (int i = 0; i < 4; ++i) {
    for (const char* name : {"a", "b", "c"}) {
      logins.emplace_back(name, nodes.call(name, login_of_ana(), 5s));
    }
  }
  nodes.pass(5s);

  int made = 0;
  for (const auto& [name, number] : logins) {
    const absl::Status& status = nodes.outcome(name, number).status;
    CHECK((status.ok() || absl::IsResourceExhausted(status)));
    made += status.ok();
  }
  CHECK(made == 2);
  CHECK(nodes.ask("a", count_ana()).count == 2);
}

TEST_CASE("17.10 a survey has expired sessions of its subject removed before their turn",
          "[subjects]") {
  Nodes nodes({.sessions_per_subject = 2});
  const auto expire_soon = [&](const std::string& subject) {
    const Operation create = {.verb = Verb::kCreate,
                              .phase = Phase::kActive,
                              .subject = subject,
                              .lifetime = {.idle = 1h, .absolute = 60s}};
    REQUIRE(nodes.ask("a", create).status.ok());
  };
  for (int i = 0; i < 2; ++i) expire_soon("ana");
  for (int i = 0; i < 100; ++i) expire_soon("user" + std::to_string(i));
  const auto expired = [&] { return nodes["a"].expired() + nodes["b"].expired(); };
  REQUIRE(nodes.pass_until([&] { return expired() > 0; }, 2min));
  REQUIRE(nodes.ask("a", count_ana()).count == 2);

  nodes.ask("a", login_of_ana());  // refused, if it counts them before their removal is committed
  CHECK(nodes.ask("a", login_of_ana()).status.ok());

  CHECK(expired() < 50);
}

TEST_CASE("17.10 a verdict is repeated until it is acknowledged", "[subjects]") {
  Nodes nodes({.names = {"a", "b", "c"}, .sessions_per_subject = 2});
  int verdicts = 0;
  nodes.lost = [&](const Nodes::Sent& sent) {
    return sent.as<Verdict>() != nullptr && ++verdicts % 2 == 1;
  };

  for (const char* name : {"a", "b"}) CHECK(nodes.ask(name, login_of_ana(), 5s).status.ok());

  CHECK(absl::IsResourceExhausted(nodes.ask("c", login_of_ana(), 5s).status));
}

TEST_CASE("17.11 under a new view logins apply to the arbiter of then", "[subjects]") {
  const std::string victim = GENERATE("a", "b", "c");
  Nodes nodes({.names = {"a", "b", "c"}, .sessions_per_subject = 2});
  const std::string asker = victim == "a" ? "b" : "a";
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Verdict>() != nullptr; };
  const std::uint64_t login = nodes.call(asker, login_of_ana(), 20s);
  nodes.pass(300ms);

  nodes.crash(victim);
  nodes.pass(100ms);
  nodes.lost = nullptr;
  REQUIRE(nodes.pass_until([&] { return nodes.ended(asker, login); }));

  CHECK(nodes.outcome(asker, login).status.ok());
  CHECK(nodes.ask(asker, count_ana(), 5s).count == 1);
}

}  // namespace
}  // namespace sojourn::protocol
