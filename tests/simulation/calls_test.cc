// What callers may rely on, whatever becomes of messages.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/id_draw.h"
#include "simulation/linearizability.h"
#include "simulation/simulation.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Fate = Network::Fate;

SimulationOptions three_members() {
  SimulationOptions options = {.members = 3, .copies = 2};
  options.network = {.mode = NetworkOptions::Mode::kDatagrams, .delay_max = milliseconds(1)};
  return options;
}

// A cluster and what one asks of it. Every call is written down, and in the end there must be an
// order that explains them.
class Cluster {
 public:
  // Everything is up and has a view.
  explicit Cluster(SimulationOptions options = three_members()) : simulation_(1, options) {
    REQUIRE(simulation_.run_until_whole());
  }
  ~Cluster() {
    for (const auto& [id, history] : lineages()) {
      const Verdict verdict = check_linearizable(history);
      INFO(verdict.explanation);
      CHECK(verdict.kind == Verdict::Kind::kLinearizable);
    }
    CHECK(simulation_.violations() == std::vector<std::string>());
  }

  Simulation& simulation() { return simulation_; }
  Network& network() { return simulation_.network(); }

  // Starts a call and goes on; end_of() waits for it.
  std::size_t begin(std::size_t member, Operation operation, Duration timeout = seconds(1)) {
    const std::size_t number = history_.size();
    history_.push_back(
        {.client = simulation_.name(member), .called = simulation_.now(), .operation = operation});
    simulation_.call(member, std::move(operation), timeout,
                     [this, number](std::optional<replication::Result> result) {
                       if (!result) return;
                       Call& call = history_[number];
                       call.returned = simulation_.now();
                       call.status = result->status.code();
                       if (result->record && call.operation.verb != Verb::kTouch) {
                         call.session = seen(*result->record);
                       }
                     });
    return number;
  }
  const Call& end_of(std::size_t number) {
    CHECK(simulation_.run_until([&] { return ended(number); }));
    return history_[number];
  }
  bool ended(std::size_t number) const { return history_[number].returned != Time::max(); }
  Call ask(std::size_t member, Operation operation, Duration timeout = seconds(1)) {
    const Call call = end_of(begin(member, std::move(operation), timeout));
    simulation_.run_for(Duration(1));  // what is asked next is asked later
    return call;
  }

  // An id that nobody has used, whose first owner is that member.
  std::string new_id(std::size_t owner) {
    return session::draw_id_until(
        ids_, 10'000, [&](std::string_view id) { return simulation_.owners(id).front() == owner; });
  }
  // A session that is there, on that owner.
  std::string login(std::size_t owner, Lifetime lifetime = {}) {
    const std::string id = new_id(owner);
    const Call created = ask(owner, {.verb = Verb::kCreate, .id = id, .lifetime = lifetime});
    REQUIRE(created.status == StatusCode::kOk);
    return id;
  }

  Call get(std::size_t member, const std::string& id) {
    return ask(member, {.verb = Verb::kGet, .id = id});
  }
  std::optional<std::string> value_of(std::size_t member, const std::string& id) {
    const Call read = get(member, id);
    if (!read.session || !read.session->attributes.contains("x")) return std::nullopt;
    return read.session->attributes.at("x");
  }

  // What the member's table holds, whoever may see it.
  bool holds(std::size_t member, const std::string& id) const {
    return static_cast<bool>(simulation_.node(member)->plane().table().peek(id));
  }
  std::size_t backup(const std::string& id) const { return simulation_.owners(id).at(1); }
  // Neither primary nor backup.
  std::size_t stranger(const std::string& id) const {
    const std::vector<std::size_t> owners = simulation_.owners(id);
    std::size_t member = 0;
    while (std::find(owners.begin(), owners.end(), member) != owners.end()) ++member;
    return member;
  }

 private:
  // The calls about each session, by its first id: sessions are judged each for itself.
  std::map<std::string, History> lineages() const {
    std::map<std::string, std::string> first_ids;
    std::map<std::string, History> lineages;
    for (const Call& call : history_) {
      const std::string first =
          first_ids.emplace(call.operation.id, call.operation.id).first->second;
      if (call.session) first_ids.emplace(call.session->id, first);
      lineages[first].push_back(call);
    }
    return lineages;
  }

  Simulation simulation_;
  SeededRandom ids_{2};
  History history_;
};

Operation set_x(const std::string& id, std::string value) {
  return {.verb = Verb::kPatch, .id = id, .steps = {{"x", std::move(value)}}};
}

Operation revoke(const std::string& id) { return {.verb = Verb::kRevoke, .id = id}; }

template <typename Message>
Network::Filter every(Fate fate) {
  return [fate](std::size_t, std::size_t, const node::Envelope& envelope) {
    return std::holds_alternative<Message>(envelope.message) ? fate : Fate::kByChance;
  };
}

// What callers may rely on.

TEST_CASE("a login that one member answered is seen by every other at once", "[scenario]") {
  Cluster cluster;
  const std::string login = cluster.login(0);

  const Call authenticated = cluster.ask(
      1, {.verb = Verb::kAuthenticate, .id = login, .subject = "ana", .steps = {{"x", "1"}}});

  REQUIRE(authenticated.session);
  const std::string id = authenticated.session->id;
  CHECK(cluster.simulation().owners(id) == cluster.simulation().owners(login));
  for (const std::size_t member : {0, 1, 2}) {
    CHECK(cluster.get(member, id).session == authenticated.session);
    CHECK(cluster.get(member, login).status == StatusCode::kNotFound);
  }
}

TEST_CASE("of two updates from the same version one is aborted", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  const Version version = cluster.get(0, id).session->version;
  const auto update = [&](std::string x) {
    return Operation{
        .verb = Verb::kUpdate, .id = id, .attributes = {{"x", x}}, .expected_version = version};
  };

  const std::size_t first = cluster.begin(1, update("1"));
  const std::size_t second = cluster.begin(2, update("2"));

  std::vector<StatusCode> outcomes = {cluster.end_of(first).status, cluster.end_of(second).status};
  std::sort(outcomes.begin(), outcomes.end());
  CHECK(outcomes == std::vector<StatusCode>{StatusCode::kOk, StatusCode::kAborted});
}

TEST_CASE("a witness holds no session and serves them all", "[scenario]") {
  SimulationOptions options = three_members();
  options.capacities = {0, 1, 1};
  Cluster cluster(options);

  const Call created = cluster.ask(0, {.verb = Verb::kCreate});

  REQUIRE(created.session);
  CHECK(cluster.get(0, created.session->id).session == created.session);
  CHECK_FALSE(cluster.holds(0, created.session->id));
}

TEST_CASE("a session whose time is over is gone everywhere, and nothing is left of it",
          "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0, {.idle = seconds(5), .absolute = seconds(60)});
  REQUIRE(cluster.holds(cluster.backup(id), id));

  cluster.simulation().run_for(seconds(3));
  CHECK(cluster.get(1, id).status == StatusCode::kOk);
  cluster.simulation().run_for(seconds(4));
  CHECK(cluster.get(1, id).status == StatusCode::kOk);
  cluster.simulation().run_for(milliseconds(5100));
  CHECK(cluster.get(1, id).status == StatusCode::kNotFound);

  cluster.simulation().run_for(seconds(3));
  for (const std::size_t member : {0, 1, 2}) {
    const replication::Plane& plane = cluster.simulation().node(member)->plane();
    CHECK(plane.table().usage().bytes == 0);
    CHECK(plane.tombstones() == 0);
    CHECK(plane.memos() == 0);
  }
}

// Messages that come twice, late, or not at all.

TEST_CASE("a request that the network repeats takes effect once", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  cluster.network().set_filter(every<replication::Request>(Fate::kRepeated));

  const Call first = cluster.ask(1, set_x(id, "1"));
  cluster.network().release();
  cluster.simulation().run_for(milliseconds(100));
  const Call second = cluster.ask(1, set_x(id, "2"));
  cluster.network().release();
  cluster.simulation().run_for(seconds(5));
  cluster.network().release();
  cluster.simulation().run_for(seconds(5));

  const Call last = cluster.get(0, id);
  CHECK(first.session->version < second.session->version);
  CHECK(last.session == second.session);
}

TEST_CASE("a create that is asked twice is answered alike", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.new_id(0);
  // The first answer is lost, so the request is sent again.
  int replies = 0;
  cluster.network().set_filter([&](std::size_t, std::size_t, const node::Envelope& envelope) {
    const bool reply = std::holds_alternative<replication::Reply>(envelope.message);
    return reply && ++replies == 1 ? Fate::kLost : Fate::kByChance;
  });

  const Call created = cluster.ask(1, {.verb = Verb::kCreate, .id = id});

  CHECK(replies == 2);
  CHECK(created.status == StatusCode::kOk);
  CHECK(cluster.get(2, id).session == created.session);
}

TEST_CASE("a late create does not bring back a revoked session", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.new_id(0);
  const bool soon = GENERATE(true, false);
  cluster.network().set_filter(every<replication::Request>(Fate::kRepeated));
  REQUIRE(cluster.ask(1, {.verb = Verb::kCreate, .id = id}).status == StatusCode::kOk);
  cluster.network().set_filter({});
  REQUIRE(cluster.ask(2, revoke(id)).status == StatusCode::kOk);

  // Before and after members were told that the create is settled.
  if (!soon) cluster.simulation().run_for(seconds(10));
  cluster.network().release();
  cluster.simulation().run_for(seconds(1));

  CHECK(cluster.get(0, id).status == StatusCode::kNotFound);
  CHECK_FALSE(cluster.holds(0, id));
  CHECK_FALSE(cluster.holds(cluster.backup(id), id));
}

TEST_CASE("a late write to a backup does not bring back a revoked session", "[scenario]") {
  Cluster cluster;
  const bool soon = GENERATE(true, false);
  cluster.network().set_filter(every<replication::Replicate>(Fate::kRepeated));
  const std::string id = cluster.login(0);
  REQUIRE(cluster.ask(1, set_x(id, "1")).status == StatusCode::kOk);
  cluster.network().set_filter({});
  REQUIRE(cluster.ask(2, revoke(id)).status == StatusCode::kOk);

  // Before and after the tombstone is dropped.
  if (!soon) cluster.simulation().run_for(seconds(10));
  CHECK((cluster.simulation().node(cluster.backup(id))->plane().tombstones() == 1) == soon);
  cluster.network().release();
  cluster.simulation().run_for(seconds(10));

  CHECK_FALSE(cluster.holds(cluster.backup(id), id));
}

TEST_CASE("a late write to a backup does not undo a newer one", "[scenario]") {
  SimulationOptions options = three_members();
  options.segments = 1;
  Cluster cluster(options);
  const std::size_t owner = cluster.simulation().owners("any").front();
  const std::string id = cluster.login(owner);
  const std::string stuck = cluster.login(owner);
  // While this write is under way the backup cannot be told that later ones are committed.
  cluster.network().set_filter([&](std::size_t, std::size_t, const node::Envelope& envelope) {
    const auto* replicate = std::get_if<replication::Replicate>(&envelope.message);
    if (!replicate) return Fate::kByChance;
    return replicate->entries.front().id == stuck ? Fate::kLost : Fate::kRepeated;
  });
  const std::size_t waiting = cluster.begin(owner, set_x(stuck, "1"), seconds(10));

  REQUIRE(cluster.ask(owner, set_x(id, "1")).status == StatusCode::kOk);
  REQUIRE(cluster.ask(owner, set_x(id, "2")).status == StatusCode::kOk);
  const auto at_backup = [&] {
    const std::size_t backup = cluster.backup(id);
    return cluster.simulation().node(backup)->plane().table().peek(id)->attribute("x");
  };
  // The copies come in any order: the older one is the last at times.
  for (int i = 0; i < 10; ++i) {
    cluster.network().release();
    cluster.simulation().run_for(milliseconds(50));
    CHECK(at_backup() == "2");
    REQUIRE(cluster.ask(owner, set_x(id, "1")).status == StatusCode::kOk);
    REQUIRE(cluster.ask(owner, set_x(id, "2")).status == StatusCode::kOk);
  }

  cluster.network().set_filter({});
  CHECK(cluster.end_of(waiting).status == StatusCode::kOk);
}

// Writes wait for their backups.

TEST_CASE(
    "a write whose backup is silent is not answered OK, and nobody reads it before the backup "
    "has it",
    "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  const std::size_t backup = cluster.backup(id);
  cluster.network().cut(0, backup);

  CHECK(cluster.ask(cluster.stranger(id), set_x(id, "1")).status == StatusCode::kDeadlineExceeded);
  CHECK(cluster.ask(0, set_x(id, "2")).status == StatusCode::kUnavailable);
  CHECK(cluster.value_of(0, id) == std::nullopt);
  CHECK(cluster.value_of(cluster.stranger(id), id) == std::nullopt);

  cluster.network().heal();
  cluster.simulation().run_for(seconds(1));
  CHECK(cluster.value_of(0, id) == "1");
  CHECK(cluster.simulation().node(backup)->plane().table().peek(id)->attribute("x") == "1");
}

TEST_CASE("a write that the backup has and the primary does not know of is not read yet",
          "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  cluster.network().cut(cluster.backup(id), 0);  // no acknowledgement comes back

  const Call write = cluster.ask(0, set_x(id, "1"), milliseconds(300));

  CHECK(write.status == StatusCode::kDeadlineExceeded);
  CHECK(cluster.value_of(0, id) == std::nullopt);
  cluster.network().heal();
  cluster.simulation().run_for(seconds(1));
  CHECK(cluster.value_of(0, id) == "1");
}

TEST_CASE("a write that waits behind another and gives up never happens", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  cluster.network().cut(0, cluster.backup(id));
  const std::size_t first = cluster.begin(0, set_x(id, "1"), seconds(3));

  const Call second = cluster.ask(0, set_x(id, "2"), milliseconds(200));
  cluster.network().heal();

  CHECK(second.status == StatusCode::kUnavailable);
  CHECK(cluster.end_of(first).status == StatusCode::kOk);
  cluster.simulation().run_for(seconds(1));
  CHECK(cluster.value_of(0, id) == "1");
}

TEST_CASE("writes to other sessions do not wait for one whose backup is silent", "[scenario]") {
  Cluster cluster;
  const std::string stuck = cluster.login(0);
  std::string other = cluster.login(0);
  while (cluster.backup(other) == cluster.backup(stuck)) other = cluster.login(0);
  cluster.network().cut(0, cluster.backup(stuck));
  const std::size_t waiting = cluster.begin(0, set_x(stuck, "1"));

  CHECK(cluster.ask(0, set_x(other, "1")).status == StatusCode::kOk);
  CHECK_FALSE(cluster.ended(waiting));
  CHECK(cluster.end_of(waiting).status == StatusCode::kDeadlineExceeded);
}

TEST_CASE("a use of a session while it gets its new id counts for the new id", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0, {.idle = seconds(5), .absolute = seconds(60)});
  cluster.network().cut(0, cluster.backup(id));
  const std::size_t rotation = cluster.begin(0, {.verb = Verb::kRotate, .id = id}, seconds(10));
  cluster.simulation().run_for(seconds(4));

  REQUIRE(cluster.get(0, id).status == StatusCode::kOk);
  cluster.network().heal();
  const Call rotated = cluster.end_of(rotation);
  cluster.simulation().run_for(seconds(3));

  CHECK(cluster.get(1, rotated.session->id).status == StatusCode::kOk);
}

// Members that are away.

TEST_CASE("a call to a member that is cut off ends in time", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  cluster.network().cut(1, 0);
  const Time before = cluster.simulation().now();

  CHECK(cluster.ask(1, {.verb = Verb::kGet, .id = id}, milliseconds(250)).status ==
        StatusCode::kDeadlineExceeded);

  CHECK(cluster.simulation().now() - before < milliseconds(251));
}

TEST_CASE("a member that slept answers for its sessions when it wakes", "[scenario]") {
  Cluster cluster;
  const std::string id = cluster.login(0);
  cluster.simulation().put_to_sleep(0, seconds(20));

  CHECK(cluster.get(1, id).status == StatusCode::kDeadlineExceeded);
  cluster.simulation().run_for(seconds(20));

  CHECK(cluster.get(1, id).status == StatusCode::kOk);
}

TEST_CASE("what a member sent before it crashed may still arrive and does no harm", "[scenario]") {
  Cluster cluster;
  Simulation& simulation = cluster.simulation();
  const std::string id = cluster.login(1);
  cluster.network().set_filter(every<replication::Request>(Fate::kHeld));
  cluster.begin(0, set_x(id, "1"));
  simulation.crash(0);
  simulation.start(0);
  simulation.run_for(seconds(1));

  cluster.network().release();
  simulation.run_for(seconds(1));

  CHECK(cluster.value_of(2, id).value_or("1") == "1");
}

// The first view.

TEST_CASE("members that start late agree on one view", "[scenario]") {
  SimulationOptions options = three_members();
  options.start_spread = seconds(30);
  Simulation simulation(GENERATE(range(1, 6)), options);
  const auto all_are_up = [&] { return simulation.members_up() == 3; };

  // Until then nobody answers for anything.
  while (!all_are_up()) {
    simulation.run_for(milliseconds(10));
    for (std::size_t member = 0; member < 3 && !all_are_up(); ++member) {
      const node::Node* node = simulation.node(member);
      if (!node) continue;
      CHECK_FALSE(node->ready(simulation.local_time(member)));
      CHECK(node->waiting_for(simulation.local_time(member)).find("waiting for") !=
            std::string::npos);
    }
  }

  REQUIRE(simulation.run_until_whole(seconds(10)));
  CHECK(*simulation.node(0)->view() == *simulation.node(1)->view());
  CHECK(*simulation.node(0)->view() == *simulation.node(2)->view());
}

// Streams, as production has them.

TEST_CASE("calls outlive a broken connection", "[scenario]") {
  SimulationOptions options = three_members();
  options.network = {.mode = NetworkOptions::Mode::kStreams, .break_permille = 100};
  Cluster cluster(options);
  const std::string id = cluster.login(0);

  for (int i = 0; i < 20; ++i) {
    const Call write = cluster.ask(1, set_x(id, std::to_string(i)), seconds(10));
    CHECK(write.status == StatusCode::kOk);
    CHECK(cluster.value_of(2, id) == std::to_string(i));
  }
}

TEST_CASE("a call whose queue is full is refused at once, and nothing happened", "[scenario]") {
  SimulationOptions options = three_members();
  options.network = {.mode = NetworkOptions::Mode::kStreams,
                     .delay_min = milliseconds(20),
                     .delay_max = milliseconds(20),
                     .queue_bytes_max = 20'000};
  Cluster cluster(options);
  const std::string id = cluster.login(0);

  std::vector<std::size_t> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(cluster.begin(1, set_x(id, std::string(4000, static_cast<char>('a' + i)))));
  }

  const auto refused = [&](std::size_t call) {
    return cluster.ended(call) && cluster.end_of(call).status == StatusCode::kUnavailable;
  };
  CHECK(std::count_if(calls.begin(), calls.end(), refused) > 0);
  for (const std::size_t call : calls) {
    const StatusCode status = cluster.end_of(call).status;
    CHECK((status == StatusCode::kOk || status == StatusCode::kUnavailable));
  }
}

}  // namespace
}  // namespace sojourn::simulation
