// What a get of a session that this member owns does not do: allocate, call the system, or leave
// its thread; what a get of another member's session allocates, and what frames do not. An
// executable of its own, because it counts the allocations of the whole process.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "integration/cluster.h"
#include "runtime/clock.h"
#include "runtime/coarse_clock.h"
#include "support/catch.h"
#include "wire/outbox.h"

// These take the place of glibc's, and call it by its other name; operator new calls them.
namespace {
std::atomic<std::uint64_t> allocations = 0;
thread_local std::uint64_t allocations_here = 0;

void count_allocation() {
  allocations.fetch_add(1, std::memory_order_relaxed);
  ++allocations_here;
}
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT(bugprone-reserved-*)
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT(bugprone-reserved-*)
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT(bugprone-reserved-*)
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT(bugprone-reserved-*)

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  count_allocation();
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
}

namespace sojourn {
namespace {

using namespace std::chrono_literals;

// From then on this thread may end its process and nothing else: any other system call is the end
// as well, but by a signal.
void forbid_system_calls() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  }};
  const sock_fprog filter = {.len = program.size(), .filter = program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    _exit(2);
  }
}

enum class Outcome { kDone, kFailed, kCalledTheSystem };

// Does the work in a child of this process: in one that has no other thread, whatever this one has,
// and that may make no system call.
template <typename Work>
Outcome alone(Work work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    forbid_system_calls();
    _exit(work() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return Outcome::kCalledTheSystem;
  return WEXITSTATUS(status) == 0 ? Outcome::kDone : Outcome::kFailed;
}

// On a machine whose clock is not in memory that the kernel shares, nobody can tell the time.
bool time_is_told_without_system_calls() {
  return alone([] { return runtime::now() > Time(); }) == Outcome::kDone;
}

bool is_here(const std::optional<absl::StatusOr<Session>>& session) {
  return session && session->ok() && session->value().subject() == "ana";
}

std::vector<SessionId> make_sessions(SyncStore& store, int count) {
  std::vector<SessionId> ids;
  for (int i = 0; i < count; ++i) {
    const auto made = store.create(NewSession("ana").with("role", "admin"));
    REQUIRE(made.ok());
    ids.push_back(made->id());
  }
  return ids;
}

constexpr int kRounds = 100;

// In a child nobody renews them.
void long_leases(StoreOptions& options) { options.lease = 20s; }

TEST_CASE("a get of an own session calls no system and no other thread", "[local-path]") {
  if (!time_is_told_without_system_calls()) {
    WARN("this machine's clock takes system calls");
    return;
  }
  Cluster cluster(1, long_leases);
  const std::vector<SessionId> ids = make_sessions(cluster[0], 100);
  const Store& store = cluster[0].store();

  const Outcome outcome = alone([&] {
    int found = 0;
    for (int round = 0; round < kRounds; ++round) {
      for (const SessionId& id : ids) found += is_here(store.get_local(id)) ? 1 : 0;
    }
    return found == kRounds * static_cast<int>(ids.size());
  });

  CHECK(outcome == Outcome::kDone);
}

TEST_CASE("what calls the system is found to", "[local-path]") {
  CHECK(alone([] { return getppid() > 0; }) == Outcome::kCalledTheSystem);
  CHECK(alone([] { return false; }) == Outcome::kFailed);
}

TEST_CASE("a get of an own session allocates nothing", "[local-path]") {
  Cluster cluster(1, long_leases);
  const std::vector<SessionId> ids = make_sessions(cluster[0], 100);
  const Store& store = cluster[0].store();
  const SessionId absent = SessionId::generate();
  REQUIRE(absl::IsNotFound(store.get_local(absent)->status()));

  // Counted alone, so that nothing else of the process counts.
  const Outcome outcome = alone([&] {
    const std::uint64_t before = allocations;
    for (int round = 0; round < kRounds; ++round) {
      for (const SessionId& id : ids) {
        if (!is_here(store.get_local(id)) || !is_here(store.get_local(id, {.touch = false}))) {
          return false;
        }
        if (!absl::IsNotFound(store.get_local(absent)->status())) return false;
      }
    }
    return allocations == before;
  });

  CHECK(outcome == Outcome::kDone);
}

TEST_CASE("an async_get of an own session allocates nothing beyond its handler", "[local-path]") {
  asio::io_context context{1};
  auto store = Store::open(context.get_executor(), options_of(loopback_members(1), 0));
  REQUIRE(store.ok());
  const auto run = [&] {
    context.run();
    context.restart();
  };
  store->async_ready([](const absl::Status& status) { REQUIRE(status.ok()); });
  run();
  std::optional<SessionId> id;
  store->async_create(NewSession("ana"), kPatient,
                      [&](const absl::StatusOr<Session>& made) { id = made.value().id(); });
  run();

  // Each begins in the handler of the last, where Asio has the memory of that one for it: but for
  // the first few, which it has to get.
  int found = 0;
  std::uint64_t before = 0;
  std::function<void()> get = [&] {
    store->async_get(*id, [&](const absl::StatusOr<Session>& session) {
      if (!session.ok()) return;
      if (++found == 10) before = allocations_here;
      if (found < kRounds) get();
    });
  };
  get();
  run();

  CHECK(found == kRounds);
  CHECK(allocations_here == before);
}

// The session that is answered is one, and what the caller waits with the other; the rest is what
// a frame takes, of gRPC's and ours at both members, divided by the dozens of gets that share it.
TEST_CASE("a get of another member's session allocates the session and its handler",
          "[local-path]") {
  constexpr int kCallers = 400;
  constexpr int kWarm = 5'000;
  constexpr int kGets = 30'000;
  // Outlive the threads that tell of ends.
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::atomic<int> failed = 0;
  std::atomic<std::uint64_t> before = 0;
  std::atomic<std::uint64_t> after = 0;
  std::latch done(kCallers);
  std::function<void()> get;
  Cluster cluster(2);
  const std::vector<SessionId> ids = make_sessions(cluster[1], 100);
  Store& store = cluster[0].store();

  get = [&] {
    const int number = begun++;
    if (number >= kGets) return done.count_down();
    store.async_get(ids[static_cast<std::size_t>(number) % ids.size()], kPatientRead,
                    [&](const absl::StatusOr<Session>& session) {
                      if (!session.ok()) ++failed;
                      const int count = ++ended;
                      if (count == kWarm) before = allocations.load();
                      if (count == kGets) after = allocations.load();
                      get();
                    });
  };
  for (int i = 0; i < kCallers; ++i) get();
  done.wait();

  CHECK(failed == 0);
  const double each = static_cast<double>(after - before) / (kGets - kWarm);
  CAPTURE(each);
  CHECK(each >= 1);
  CHECK(each < 3);
}

TEST_CASE("a frame takes no memory but what it is laid down in", "[local-path]") {
  constexpr Time kNow = Time(1h);
  constexpr std::uint64_t kCluster = 1;
  constexpr Incarnation kSelf = {2};
  const node::Envelope envelope = {
      .cluster = kCluster, .from = kSelf, .message = replication::ReplicateAck{}};
  const replication::Lookup lookup = {.number = 1, .time_left = 1s, .id = "s-1"};
  wire::Outbox outbox({.cluster = kCluster, .from = kSelf});
  wire::Frame answer = {.number = 0};
  std::vector<char> memory(wire::kFrameBytesMax);
  std::size_t frames = 0;
  const auto send = [&] {
    for (int i = 0; i < 50; ++i) {
      if (!outbox.push(envelope, kNow).ok() || !outbox.push(lookup, kNow).ok()) return;
    }
    while (outbox.take_frame(kNow, [&](std::size_t) { return memory.data(); })) {
      outbox.written();
      ++answer.number;
      ++answer.answers;
      if (!outbox.received(answer).ok()) return;
      ++frames;
    }
  };
  send();

  const std::uint64_t before = allocations_here;
  for (int i = 0; i < 100; ++i) send();
  const std::uint64_t made = allocations_here - before;

  CHECK(made == 0);
  // In each lane fifty messages are divided twice, as nothing is under way.
  CHECK(frames == 2 * 3 * 101);
}

TEST_CASE("allocations are counted", "[local-path]") {
  const std::uint64_t before = allocations;
  const std::uint64_t before_here = allocations_here;

  const auto number = std::make_unique<int>(1);

  CHECK(*number == 1);
  CHECK(allocations > before);
  CHECK(allocations_here > before_here);
}

TEST_CASE("a process that goes on after its lease answers nothing by itself", "[local-path]") {
  Cluster cluster(1, [](StoreOptions& options) { options.lease = 800ms; });
  const SessionId id = make_sessions(cluster[0], 1).front();
  const Store& store = cluster[0].store();
  REQUIRE(is_here(store.get_local(id)));

  // In the child nobody renews the lease: so it stands for one that was stopped.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool before = is_here(store.get_local(id));
    timespec pause = {.tv_sec = 1, .tv_nsec = 0};
    nanosleep(&pause, nullptr);
    _exit(before && !store.get_local(id) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the coarse clock is behind by no more than it says, and never ahead", "[local-path]") {
  const auto end = runtime::now() + 100ms;
  for (Time before = runtime::now(); before < end; before = runtime::now()) {
    const Moment moment = runtime::CoarseClock::read().moment;
    const Time after = runtime::now();

    REQUIRE(moment.earliest <= after);
    REQUIRE(moment.latest >= before);
    REQUIRE(moment.latest - moment.earliest <= runtime::CoarseClock::lag_max());
  }
}

TEST_CASE("the coarse clock is exact where that decides", "[local-path]") {
  const Time first = runtime::CoarseClock::read().moment.earliest;

  const Time limit = first + 1us;
  const Moment moment = runtime::CoarseClock::read(limit).moment;

  CHECK((moment.latest < limit || moment.earliest >= limit));
}

}  // namespace
}  // namespace sojourn
