// Paragraph numbers are those of docs/protocol.md.

#include "node/node.h"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/catch.h"
#include "wire/frame.h"

namespace sojourn::node {
namespace {

using namespace std::chrono_literals;
using replication::Committed;
using replication::Operation;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Result;
using replication::Verb;

// Nodes whose messages are delivered when told to. Two members a and b, and segments few enough
// that sessions share them.
class Nodes {
 public:
  explicit Nodes(std::vector<std::string> names = {"a", "b"},
                 std::size_t memory_bytes = std::size_t{1} << 30)
      : names_(std::move(names)), memory_bytes_(memory_bytes) {
    for (const std::string& name : names_) start(name);
    run();
    for (const std::string& name : names_) REQUIRE(nodes_[name]->ready());
  }

  void start(const std::string& name) {
    NodeOptions options;
    options.membership = {.cluster = "test", .self = name, .segments = 8, .copies = 2};
    for (const std::string& member : names_) {
      options.membership.members.push_back({.name = member, .address = member + ":1"});
    }
    options.plane = {.segments = 8, .memory_bytes = memory_bytes_};
    // A new process counts its calls anew.
    std::erase_if(finished_, [&](const auto& entry) { return entry.first.first == name; });
    nodes_[name] = std::make_unique<Node>(options, Incarnation{++incarnations_}, random_);
    nodes_[name]->start(now_);
    collect(name);
  }

  Node& operator[](const std::string& name) { return *nodes_.at(name); }

  std::uint64_t call(const std::string& at, Operation operation, Duration timeout = 1s) {
    const std::uint64_t number = nodes_[at]->call(now_, std::move(operation), timeout);
    collect(at);
    return number;
  }

  // Calls and delivers until nothing is under way.
  Result ask(const std::string& at, Operation operation) {
    const std::uint64_t number = call(at, std::move(operation));
    run();
    return outcome(at, number);
  }

  bool ended(const std::string& at, std::uint64_t number) const {
    return finished_.contains({at, number});
  }
  const Result& outcome(const std::string& at, std::uint64_t number) const {
    REQUIRE(ended(at, number));
    return finished_.at({at, number});
  }

  struct Sent {
    std::string from;
    Outgoing outgoing;
  };
  std::deque<Sent> under_way;

  template <typename T>
  std::size_t count() const {
    return std::count_if(under_way.begin(), under_way.end(), [](const Sent& sent) {
      return std::holds_alternative<T>(sent.outgoing.envelope.message);
    });
  }
  // Takes the messages of that kind out of the network.
  template <typename T>
  std::vector<Sent> take() {
    std::vector<Sent> taken;
    std::deque<Sent> others;
    for (Sent& sent : under_way) {
      if (std::holds_alternative<T>(sent.outgoing.envelope.message)) {
        taken.push_back(std::move(sent));
      } else {
        others.push_back(std::move(sent));
      }
    }
    under_way = std::move(others);
    return taken;
  }

  // As bytes, as in life: nodes share nothing.
  void deliver(const Sent& sent) {
    const Envelope& envelope = sent.outgoing.envelope;
    const auto frame = wire::decode_frame(wire::encode_frame({.number = 1,
                                                              .cluster = envelope.cluster,
                                                              .from = envelope.from,
                                                              .envelopes = {envelope}},
                                                             now_),
                                          now_);
    REQUIRE(frame.ok());
    nodes_.at(sent.outgoing.to)->receive(now_, sent.from, frame->envelopes.front());
    collect(sent.outgoing.to);
  }
  void run() {
    while (!under_way.empty()) {
      const Sent sent = std::move(under_way.front());
      under_way.pop_front();
      if (!dead.contains(sent.outgoing.to)) deliver(sent);
    }
  }
  void pass(Duration duration, bool deliveries = true) {
    for (Duration passed{}; passed < duration; passed += 50ms) {
      now_ += 50ms;
      for (const std::string& name : names_) {
        if (dead.contains(name)) continue;
        nodes_[name]->tick(now_);
        collect(name);
      }
      if (deliveries) run();
    }
  }

  // An active session that `owner` owns.
  std::string session_at(const std::string& owner, Lifetime lifetime = {}) {
    Result made = ask(owner, {.verb = Verb::kCreate,
                              .phase = Phase::kActive,
                              .subject = "ana",
                              .lifetime = lifetime,
                              .attributes = {{"color", "red"}}});
    REQUIRE(made.status.ok());
    return std::string(made.record->id());
  }

  // What a member holds, as primary or backup.
  session::RecordRef held(const std::string& at, const std::string& id) {
    return nodes_[at]->plane().table().peek(id);
  }

  std::set<std::string> dead;

 private:
  void collect(const std::string& name) {
    Effects effects = nodes_[name]->take_effects();
    for (Outgoing& outgoing : effects.outgoing) under_way.push_back({name, std::move(outgoing)});
    for (Finished& finished : effects.finished) {
      const bool first =
          finished_.emplace(std::pair{name, finished.number}, std::move(finished.result)).second;
      REQUIRE(first);
    }
  }

  const std::vector<std::string> names_;
  const std::size_t memory_bytes_;
  SeededRandom random_{1};
  std::uint64_t incarnations_ = 0;
  Time now_ = Time(1h);
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::map<std::pair<std::string, std::uint64_t>, Result> finished_;
};

Operation get(const std::string& id) { return {.verb = Verb::kGet, .id = id}; }
Operation revoke(const std::string& id) { return {.verb = Verb::kRevoke, .id = id}; }
Operation paint(const std::string& id, std::string color) {
  return {.verb = Verb::kPatch, .id = id, .steps = {{"color", std::move(color)}}};
}

TEST_CASE("4.1 any member answers for a session, by asking its primary", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");

  CHECK(nodes.ask("a", get(id)).record->subject() == "ana");
  CHECK(nodes.ask("b", get(id)).record->subject() == "ana");
  CHECK(nodes["a"].read_local(id, true, [] { return Time(1h); }));
  CHECK_FALSE(nodes["b"].read_local(id, true, [] { return Time(1h); }));
}

TEST_CASE("5.4 a write is answered and seen only when the backup has it", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");

  const std::uint64_t number = nodes.call("a", paint(id, "blue"));
  CHECK(nodes.count<Replicate>() == 1);
  CHECK_FALSE(nodes.ended("a", number));
  CHECK(nodes["a"].read_local(id, false, [] { return Time(1h); })->record->attribute("color") ==
        "red");

  nodes.run();
  CHECK(nodes.outcome("a", number).status.ok());
  CHECK(nodes.held("b", id)->attribute("color") == "blue");
  CHECK(nodes.held("a", id)->attribute("color") == "blue");
}

TEST_CASE("5.4 no time-out makes a write of one that the backup has not", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.dead.insert("b");

  const std::uint64_t number = nodes.call("a", paint(id, "blue"));
  nodes.pass(5s);

  CHECK(absl::IsDeadlineExceeded(nodes.outcome("a", number).status));
  CHECK(nodes.ask("a", get(id)).record->attribute("color") == "red");
}

TEST_CASE("4.4 a request that arrives twice takes effect once", "[node]") {
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

TEST_CASE("4.4 a repeat is answered as the first time, whatever happened in between", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", paint(id, "blue"));
  const auto requests = nodes.take<Request>();
  nodes.deliver(requests[0]);
  nodes.deliver(nodes.take<Replicate>()[0]);
  nodes.deliver(nodes.take<ReplicateAck>()[0]);
  REQUIRE(nodes.take<Reply>().size() == 1);  // and is lost
  nodes.ask("a", revoke(id));

  nodes.deliver(requests[0]);

  const auto replies = nodes.take<Reply>();
  REQUIRE(replies.size() == 1);
  const auto& reply = std::get<Reply>(replies[0].outgoing.envelope.message);
  CHECK(reply.result.status.ok());
  CHECK(reply.result.record->attribute("color") == "blue");
}

TEST_CASE("4.4 a late create does not bring back what was revoked since", "[node]") {
  Nodes nodes({"a", "b"});
  // An id that a owns, created from b.
  std::string id = nodes.session_at("a");
  nodes.ask("a", revoke(id));
  const std::uint64_t number =
      nodes.call("b", {.verb = Verb::kCreate, .id = id, .phase = Phase::kActive, .subject = "x"});
  const auto requests = nodes.take<Request>();
  nodes.deliver(requests[0]);
  nodes.run();
  REQUIRE(nodes.outcome("b", number).status.ok());
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  nodes.pass(2s);  // everything is settled and forgotten
  REQUIRE(nodes["a"].plane().memos() == 0);

  nodes.deliver(requests[0]);
  nodes.run();

  CHECK_FALSE(nodes.held("a", id));
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("4.3 a lost request is sent again within its time", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t number = nodes.call("b", paint(id, "blue"));
  nodes.take<Request>();

  nodes.pass(300ms);

  CHECK(nodes.outcome("b", number).status.ok());
}

TEST_CASE("5.2 writes to one session wait for each other, others do not", "[node]") {
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

TEST_CASE("4.5 a write that had not begun when its time was up is unavailable", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.dead.insert("b");

  const std::uint64_t begun = nodes.call("a", paint(id, "blue"), 10s);
  const std::uint64_t waiting = nodes.call("a", paint(id, "green"), 200ms);
  nodes.pass(1s);

  CHECK_FALSE(nodes.ended("a", begun));
  CHECK(absl::IsUnavailable(nodes.outcome("a", waiting).status));
}

TEST_CASE("5.5 a backup does not apply an older write over a newer one", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto first = nodes.take<Replicate>();
  nodes.deliver(first[0]);
  nodes.run();
  nodes.ask("a", paint(id, "green"));

  nodes.deliver(first[0]);
  nodes.run();

  CHECK(nodes.held("b", id)->attribute("color") == "green");
}

TEST_CASE("5.6 a late write of a busy segment is applied, not taken for a repeat", "[node]") {
  Nodes nodes;
  // Two sessions of one segment.
  std::string id = nodes.session_at("a");
  std::string other = nodes.session_at("a");
  while (ring::segment_of(other, 8) != ring::segment_of(id, 8)) other = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto early = nodes.take<Replicate>();
  nodes.ask("a", paint(other, "green"));
  CHECK(nodes.held("b", id)->attribute("color") == "red");

  nodes.deliver(early[0]);
  nodes.run();

  CHECK(nodes.held("b", id)->attribute("color") == "blue");
}

TEST_CASE("5.7 a late write does not bring back a revoked session on the backup", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("a", paint(id, "blue"));
  const auto writes = nodes.take<Replicate>();
  nodes.deliver(writes[0]);
  nodes.run();
  REQUIRE(nodes.ask("a", revoke(id)).status.ok());
  REQUIRE(nodes["b"].plane().tombstones() == 1);

  nodes.deliver(writes[0]);
  nodes.run();
  CHECK_FALSE(nodes.held("b", id));

  nodes.pass(2s);
  CHECK(nodes["b"].plane().tombstones() == 0);
  nodes.deliver(writes[0]);
  nodes.run();
  CHECK_FALSE(nodes.held("b", id));
}

TEST_CASE("5.8 authenticate moves a login to a new id of the same owner", "[node]") {
  Nodes nodes;
  Result login = nodes.ask("a", {.verb = Verb::kCreate, .lifetime = {30min, 30min}});
  REQUIRE(login.status.ok());
  const std::string old_id(login.record->id());

  Result session = nodes.ask("b", {.verb = Verb::kAuthenticate, .id = old_id, .subject = "ana"});

  REQUIRE(session.status.ok());
  const std::string new_id(session.record->id());
  CHECK(ring::segment_of(new_id, 8) == ring::segment_of(old_id, 8));
  CHECK(absl::IsNotFound(nodes.ask("b", get(old_id)).status));
  CHECK(nodes.ask("a", get(new_id)).record->subject() == "ana");
  CHECK_FALSE(nodes.held("b", old_id));
  CHECK(nodes.held("b", new_id));
}

TEST_CASE("6.3 an expired session is removed from every copy", "[node]") {
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

TEST_CASE("1.3 a message under another epoch changes nothing", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", revoke(id));
  auto request = nodes.take<Request>()[0];
  for (const std::uint64_t epoch : {0, 2}) {
    request.outgoing.envelope.epoch = epoch;
    nodes.deliver(request);
    nodes.run();
    CHECK(nodes.held("a", id));
  }
}

TEST_CASE("1.2 a message of another cluster changes nothing", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.call("b", revoke(id));
  auto request = nodes.take<Request>()[0];
  request.outgoing.envelope.cluster += 1;

  nodes.deliver(request);

  CHECK(nodes.under_way.empty());
  CHECK(nodes.held("a", id));
}

TEST_CASE("2.5 a restarted member answers for nothing", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");

  nodes.start("a");
  nodes.pass(1s);

  CHECK_FALSE(nodes["a"].ready());
  CHECK_FALSE(nodes["a"].read_local(id, true, [] { return Time(1h); }));
  const std::uint64_t at_a = nodes.call("a", get(id), 200ms);
  const std::uint64_t at_b = nodes.call("b", get(id), 200ms);
  nodes.pass(500ms);
  CHECK(absl::IsUnavailable(nodes.outcome("a", at_a).status));
  CHECK(absl::IsDeadlineExceeded(nodes.outcome("b", at_b).status));
}

TEST_CASE("7.1 a new session is refused while a backup is at its memory bound", "[node]") {
  Nodes nodes({"a", "b"}, std::size_t{1} << 20);
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

TEST_CASE("4.5 every call ends once, at its deadline at the latest", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  nodes.dead.insert("a");

  const std::uint64_t number = nodes.call("b", get(id), 250ms);
  nodes.pass(200ms);
  CHECK_FALSE(nodes.ended("b", number));
  nodes.pass(50ms);
  CHECK(absl::IsDeadlineExceeded(nodes.outcome("b", number).status));
}

TEST_CASE("7.2 a full queue ends a call at once as unavailable", "[node]") {
  Nodes nodes;
  const std::string id = nodes.session_at("a");
  const std::uint64_t number = nodes.call("b", get(id));
  const auto requests = nodes.take<Request>();

  nodes["b"].undeliverable(Time(1h), "a", requests[0].outgoing.envelope.message,
                           absl::ResourceExhaustedError("full"));

  const Effects effects = nodes["b"].take_effects();
  REQUIRE(effects.finished.size() == 1);
  CHECK(effects.finished[0].number == number);
  CHECK(absl::IsUnavailable(effects.finished[0].result.status));
}

}  // namespace
}  // namespace sojourn::node
