// What replicated writes and transfers cost without threads, sockets and system calls: two nodes,
// their frames encoded and decoded. Time is that of both members together; the counters `owner_ns`
// and `backup_ns` say how much of it each of them took for one write, which is what bounds writes a
// second when each has a core of its own.

#include <benchmark/benchmark.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "node/node.h"
#include "wire/frame.h"
#include "wire/outbox.h"

namespace sojourn::node {
namespace {

using namespace std::chrono_literals;
using replication::Operation;
using replication::Verb;

const std::array<std::string, 2> kNames = {"a", "b"};
const std::string kPayload(400, 'x');

// Of this process, so that others on the machine disturb it less.
double seconds_now() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Two production nodes in virtual time, each with its link to the other.
class Pair {
 public:
  explicit Pair(bool both = true) {
    start(0);
    if (both) join();
  }

  void start(std::size_t i) {
    NodeOptions options;
    options.membership = {.cluster = "benchmark",
                          .self = kNames[i],
                          .address = kNames[i] + ":1",
                          .bootstrap_expect = 1};
    for (const std::string& name : kNames) {
      options.membership.known.push_back({.name = name, .address = name + ":1"});
    }
    options.plane.memory_bytes = std::size_t{8} << 30;
    const Incarnation incarnation{i + 1};
    members_[i].emplace(std::move(options), incarnation, random_);
    members_[i]->node.start(now_);
    collect(i);
  }

  // Until the first member serves alone.
  void found() {
    pass_until([&] { return member(0).ready(now_); });
  }

  void join() {
    if (!members_[0]->node.ready(now_)) found();
    start(1);
    pass_until([&] {
      return member(0).safe(now_) && member(1).safe(now_) &&
             member(1).view()->members.size() == 2 && member(0).view()->members.size() == 2;
    });
  }

  Node& member(std::size_t i) { return members_[i]->node; }
  double seconds(std::size_t i) const { return members_[i]->seconds; }
  Time now() const { return now_; }

  // Calls so many operations at one member at once and passes frames until all have ended. Returns
  // what they answered.
  std::vector<replication::Result> call(std::size_t at, std::vector<Operation> operations) {
    const std::size_t count = operations.size();
    finished_.clear();
    const double begin = seconds_now();
    for (Operation& operation : operations) {
      member(at).call(now_, std::move(operation), 10s);
    }
    collect(at);
    members_[at]->seconds += seconds_now() - begin;
    while (finished_.size() < count) {
      if (!exchange()) throw std::runtime_error("the calls do not end");
    }
    return std::move(finished_);
  }

  // Passes frames in both directions as long as there are any; whether there was one.
  bool exchange() {
    bool moved = false;
    for (std::size_t from : {0u, 1u}) {
      if (members_[from]) moved |= pass_frame(from);
    }
    return moved;
  }

  template <typename Condition>
  void pass_until(Condition condition) {
    for (int i = 0; i < 10'000'000; ++i) {
      while (exchange()) {
      }
      if (condition()) return;
      std::optional<Time> next;
      for (auto& member : members_) {
        if (!member) continue;
        const auto deadline = member->node.next_deadline();
        if (deadline && (!next || *deadline < *next)) next = deadline;
      }
      now_ = std::max(now_, next.value_or(now_));
      tick();
    }
    throw std::runtime_error("it does not come to that");
  }

  // Time goes on, and whoever has something to do does it.
  void pass(Duration duration) {
    now_ += duration;
    tick();
  }

 private:
  struct Member {
    Member(NodeOptions options, Incarnation incarnation, Random& random)
        : node(std::move(options), incarnation, random),
          outbox({.cluster = stable_hash("benchmark"), .from = incarnation}) {}
    Node node;
    wire::Outbox outbox;
    Effects effects = {};
    double seconds = 0;
  };

  void tick() {
    for (std::size_t i : {0u, 1u}) {
      if (!members_[i]) continue;
      const auto deadline = members_[i]->node.next_deadline();
      if (!deadline || *deadline > now_) continue;
      members_[i]->node.tick(now_);
      collect(i);
    }
  }

  void collect(std::size_t i) {
    Effects& effects = members_[i]->effects;
    members_[i]->node.take_effects(now_, effects);
    for (Outgoing& outgoing : effects.outgoing) {
      if (!members_[1 - i] || outgoing.to != kNames[1 - i]) continue;
      if (!members_[i]->outbox.push(outgoing.envelope, now_).ok()) {
        throw std::runtime_error("a queue is full");
      }
    }
    for (Finished& finished : effects.finished) {
      finished_.push_back(std::move(finished.result));
    }
  }

  bool pass_frame(std::size_t from) {
    if (!members_[1 - from]) return false;
    const double begin = seconds_now();
    const std::optional<std::string> bytes = members_[from]->outbox.take_frame(now_);
    members_[from]->outbox.written();
    const double taken = seconds_now();
    members_[from]->seconds += taken - begin;
    if (!bytes) return false;
    const std::size_t to = 1 - from;
    const auto frame = wire::decode_frame(*bytes, now_);
    if (!frame.ok() || !members_[to]->outbox.received(*frame).ok()) {
      throw std::runtime_error("a bad frame");
    }
    for (const Envelope& envelope : frame->envelopes) {
      members_[to]->node.receive(now_, kNames[from], envelope);
    }
    collect(to);
    members_[to]->seconds += seconds_now() - taken;
    return true;
  }

  Time now_ = Time(1h);
  SeededRandom random_{1};
  std::array<std::optional<Member>, 2> members_;
  std::vector<replication::Result> finished_;
};

Operation create() {
  return {.verb = Verb::kCreate,
          .phase = Phase::kActive,
          .subject = "ana",
          .lifetime = {.idle = 3600s, .absolute = 36000s},
          .attributes = {{"payload", kPayload}, {"roles", "admin"}}};
}

Operation patch(std::string id) {
  return {.verb = Verb::kPatch, .id = std::move(id), .steps = {{"seen", "now"}}};
}

// Measures rounds of so many writes by the first member, made by `make()`.
template <typename Make>
void measure(benchmark::State& state, Pair& pair, Make make) {
  const auto callers = static_cast<std::size_t>(state.range(0));
  const double owner = pair.seconds(0);
  const double backup = pair.seconds(1);
  for (auto _ : state) {
    std::vector<Operation> operations;
    operations.reserve(callers);
    for (std::size_t i = 0; i < callers; ++i) operations.push_back(make());
    for (const auto& result : pair.call(0, std::move(operations))) {
      if (!result.status.ok()) throw std::runtime_error(result.status.ToString());
    }
    pair.pass(100us);
  }
  const auto writes = static_cast<double>(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["owner_ns"] = (pair.seconds(0) - owner) * 1e9 / writes;
  state.counters["backup_ns"] = (pair.seconds(1) - backup) * 1e9 / writes;
}

void BM_Create(benchmark::State& state) {
  Pair pair;
  measure(state, pair, create);
}
BENCHMARK(BM_Create)->Arg(1)->Arg(25)->Iterations(2000);

void BM_Patch(benchmark::State& state) {
  Pair pair;
  std::vector<std::string> ids;
  for (int i = 0; i < 10000 / 25; ++i) {
    for (const auto& made : pair.call(0, std::vector<Operation>(25, create()))) {
      ids.emplace_back(made.record->id());
    }
  }
  std::size_t next = 0;
  measure(state, pair, [&] { return patch(ids[next++ * 7919 % ids.size()]); });
}
BENCHMARK(BM_Patch)->Arg(1)->Arg(25)->Iterations(2000);

// A second member joins one that holds so many sessions.
void BM_Join(benchmark::State& state) {
  const auto sessions = state.range(0);
  for (auto _ : state) {
    state.PauseTiming();
    {
      Pair pair(false);
      pair.found();
      for (std::int64_t i = 0; i < sessions / 100; ++i) {
        pair.call(0, std::vector<Operation>(100, create()));
      }
      const double owner = pair.seconds(0);
      state.ResumeTiming();
      pair.join();
      state.PauseTiming();
      state.counters["sender_ns"] = (pair.seconds(0) - owner) * 1e9 / static_cast<double>(sessions);
      state.counters["receiver_ns"] = pair.seconds(1) * 1e9 / static_cast<double>(sessions);
      if (pair.member(1).plane().table().usage().active != static_cast<std::uint64_t>(sessions)) {
        throw std::runtime_error("not all sessions arrived");
      }
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * sessions);
}
BENCHMARK(BM_Join)->Arg(100000)->Iterations(3)->Unit(benchmark::kMillisecond);
// Once, for counting its instructions.
BENCHMARK(BM_Join)->Arg(50000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sojourn::node
