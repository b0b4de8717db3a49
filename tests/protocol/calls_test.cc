// Paragraphs 11 of docs/protocol.md.

#include "protocol/nodes.h"

namespace sojourn::protocol {
namespace {

using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;

TEST_CASE("11.1 any member answers for a session, by asking its primary", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");

  CHECK(nodes.ask("a", get(id)).record->subject() == "ana");
  CHECK(nodes.ask("b", get(id)).record->subject() == "ana");
  CHECK(nodes.read("a", id));
  CHECK_FALSE(nodes.read("b", id));
}

TEST_CASE("11.3 a lost request is sent again within its time", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t number = nodes.call("b", paint(id, "blue"));
  nodes.take<Request>();

  nodes.pass(300ms);

  CHECK(nodes.outcome("b", number).status.ok());
}

TEST_CASE("11.4 a request that arrives twice takes effect once", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t number = nodes.call("b", paint(id, "blue"));
  const auto requests = nodes.take<Request>();
  REQUIRE(requests.size() == 1);

  nodes.deliver(requests[0]);
  nodes.run();
  const Version once = nodes.held("a", id)->version();
  nodes.deliver(requests[0]);
  nodes.deliver(requests[0]);
  nodes.run();

  CHECK(nodes.outcome("b", number).status.ok());
  CHECK(nodes.held("a", id)->version() == once);
}

TEST_CASE("11.4 a repeat is answered as the first time, whatever happened in between", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", paint(id, "blue"));
  const auto requests = nodes.take<Request>();
  nodes.deliver(requests);
  nodes.deliver(nodes.take<Replicate>());
  nodes.deliver(nodes.take<ReplicateAck>());
  REQUIRE(nodes.take<Reply>().size() == 1);  // and is lost
  nodes.ask("a", revoke(id));

  nodes.deliver(requests[0]);

  const auto replies = nodes.take<Reply>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].as<Reply>()->result.status.ok());
  CHECK(replies[0].as<Reply>()->result.record->attribute("color") == "blue");
}

TEST_CASE("11.4 a late create does not bring back what was revoked since", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.ask("a", revoke(id));
  const std::uint64_t number =
      nodes.call("b", {.verb = Verb::kCreate, .id = id, .phase = Phase::kActive, .subject = "x"});
  const auto requests = nodes.take<Request>();
  nodes.deliver(requests);
  nodes.run();
  REQUIRE(nodes.outcome("b", number).status.ok());
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  nodes.pass(2s);  // everything is settled and forgotten
  REQUIRE(nodes["a"].plane().memos() == 0);

  nodes.deliver(requests);
  nodes.run();

  CHECK_FALSE(nodes.held("a", id));
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("11.4 a repeat is answered by the next primary as by the one before", "[calls]") {
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  const std::string id = nodes.session_at("b");
  nodes.call("a", paint(id, "blue"), 10s);
  const auto requests = nodes.take<Request>();
  nodes.deliver(requests);
  nodes.deliver(nodes.take<Replicate>());
  nodes.deliver(nodes.take<ReplicateAck>());
  REQUIRE(nodes.take<Reply>().size() == 1);  // and is lost
  nodes.crash("b");
  const Version once = nodes.held("c", id)->version();

  REQUIRE(nodes.become_whole());

  CHECK(nodes.outcome("a", 1).record->attribute("color") == "blue");
  CHECK(nodes.ask("c", get(id)).record->version() == once);
}

TEST_CASE("11.4 the other writers hear with the next write what its caller has settled",
          "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  for (const char* color : {"blue", "green", "red"}) {
    REQUIRE(nodes.ask("a", paint(id, color)).status.ok());
  }

  CHECK(nodes["b"].plane().memos() == 1);  // that of the last
}

TEST_CASE("11.5 a write that had not begun when its time was up is unavailable", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.lost = [](const Nodes::Sent& sent) { return sent.as<Replicate>() != nullptr; };

  const std::uint64_t begun = nodes.call("a", paint(id, "blue"), 10s);
  const std::uint64_t waiting = nodes.call("a", paint(id, "green"), 200ms);
  nodes.pass(1s);

  CHECK_FALSE(nodes.ended("a", begun));
  CHECK(absl::IsUnavailable(nodes.outcome("a", waiting).status));
}

TEST_CASE("11.5 every call ends once, at its deadline at the latest", "[calls]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.asleep.insert("a");

  const std::uint64_t number = nodes.call("b", paint(id, "blue"), 250ms);
  nodes.pass(200ms);
  CHECK_FALSE(nodes.ended("b", number));
  nodes.pass(50ms);
  CHECK(absl::IsDeadlineExceeded(nodes.outcome("b", number).status));
}

TEST_CASE("11.6 a call outlives the member that it was handed to", "[calls]") {
  Nodes nodes({.names = {"a", "b", "c"}});
  const std::string id = nodes.session_at("c");
  const std::uint64_t number = nodes.call("a", paint(id, "blue"), 10s);
  nodes.take<Request>();
  nodes.crash("c");

  REQUIRE(nodes.pass_until([&] { return nodes.ended("a", number); }, 5s));

  CHECK(nodes.outcome("a", number).record->attribute("color") == "blue");
}

TEST_CASE("11.7 a request waits where its segment is not served yet", "[calls]") {
  Nodes nodes({.names = {"a", "b", "c"}, .copies = 3});
  const std::string id = nodes.session_at("c");
  nodes.lost = [](const Nodes::Sent& sent) {  // nobody gets into step
    return sent.as<replication::InStep>() || sent.as<replication::Pulled>();
  };
  nodes.crash("c");
  REQUIRE(nodes.pass_until([&] { return nodes["a"].view()->members.size() == 2; }));
  const std::string primary = nodes.writers("a", id).front();
  const std::string other = primary == "a" ? "b" : "a";

  const std::uint64_t number = nodes.call(other, get(id), 10s);
  nodes.run();
  CHECK_FALSE(nodes.ended(other, number));
  nodes.lost = {};
  nodes.pass(1s);

  CHECK(nodes.outcome(other, number).record->subject() == "ana");
}

}  // namespace
}  // namespace sojourn::protocol
