// One member of a cluster, through the public interface, that does as it is told on its standard
// input: makes sessions, calls for them with so many callers at once, and says what it saw. Several
// of them are a cluster on one machine: benchmarks/run starts and drives them.
//
//   session_load --name a --member a=127.0.0.1:7001 --member b=127.0.0.1:7002 [--sync] ...
//
// Commands are lines such as `get callers=50 seconds=2 warm=0.2`; each is answered by a line of
// JSON (load/command.h). Ends when its input does.

#include <absl/synchronization/mutex.h>

#include <CLI/CLI.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <latch>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "load/callers.h"
#include "load/command.h"
#include "load/flood.h"
#include "load/latencies.h"
#include "load/make_sessions.h"
#include "load/member_options.h"
#include "sojourn/store.h"
#include "sojourn/sync_store.h"

namespace {

using load::Clock;
using load::Command;
using load::Recorder;
using nlohmann::json;
using sojourn::Session;
using sojourn::SessionId;
using namespace std::chrono_literals;

// Long, so that a queue that is too long shows as latency, not as failures.
constexpr sojourn::ReadOptions kPatientRead{.timeout = 30s};
constexpr sojourn::WriteOptions kPatientWrite{.timeout = 30s};

#if defined(ASIO_HAS_CO_AWAIT)
constexpr bool kHasCoroutines = true;
#else
constexpr bool kHasCoroutines = false;
#endif

double seconds_of(Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double seconds_since(Clock::time_point begin) {
  return seconds_of(Clock::now()) - seconds_of(begin);
}

// Used on the main thread only, but for calls under way: they end, and begin anew, on the threads
// of the store that read their answers.
class Driver {
 public:
  static std::unique_ptr<Driver> open(const load::MemberSettings& settings, bool sync) {
    auto driver = std::unique_ptr<Driver>(new Driver);
    const sojourn::StoreOptions options = load::store_options(settings);
    if (sync) {
      auto store = sojourn::SyncStore::open(options);
      if (!store.ok()) throw std::runtime_error(store.status().ToString());
      driver->blocking_.emplace(std::move(*store));
    } else {
      auto store = sojourn::Store::open(options);
      if (!store.ok()) throw std::runtime_error(store.status().ToString());
      driver->own_.emplace(std::move(*store));
    }
    return driver;
  }

  load::Verbs verbs() {
    const auto method = [this](json (Driver::*verb)(const Command&)) {
      return [this, verb](const Command& command) { return (this->*verb)(command); };
    };
    return {
        {"await", method(&Driver::await)},
        {"await_expiry", method(&Driver::await_expiry)},
        {"copy", method(&Driver::copy)},
        {"create", method(&Driver::create)},
        {"features",
         [](const Command&) {
           return json{{"coroutines", kHasCoroutines}};
         }},
        {"fill", method(&Driver::fill)},
        {"flood", method(&Driver::flood)},
        {"get", method(&Driver::get)},
        {"ids", method(&Driver::read_ids)},
        {"patch", method(&Driver::patch)},
        {"during", method(&Driver::during)},
    };
  }

 private:
  Driver() = default;

  sojourn::Store& store() { return own_ ? *own_ : blocking_->store(); }

  template <typename Condition>
  void wait_until(Condition condition, const Command& command, std::chrono::microseconds step) {
    const auto begin = Clock::now();
    while (!condition()) {
      if (seconds_since(begin) > command.number("timeout", 60)) {
        throw std::runtime_error(store().name().data() + (": " + store().health().reason) + "; " +
                                 store().health().safe_reason);
      }
      std::this_thread::sleep_for(step);
    }
  }

  // Until this member is admitted and ready; and so many are members; and it holds so many
  // sessions, with nothing left to be received. When each came true, by the clock that all
  // processes of a machine share.
  json await(const Command& command) {
    // Each look takes some microseconds from the core that is measured.
    constexpr auto kStep = 1ms;
    const auto is_admitted = [&] {
      const auto view = store().view();
      return view != nullptr && view->find(store().name()) != nullptr;
    };
    wait_until(is_admitted, command, kStep);
    const Clock::time_point admitted = Clock::now();
    wait_until([&] { return store().health().ready; }, command, kStep);
    const std::size_t members = command.count("members", 0);
    const std::size_t sessions = command.count("sessions", 0);
    wait_until(
        [&] {
          const sojourn::Metrics now = store().metrics();
          return (members == 0 || now.members == members) && now.segments_learning == 0 &&
                 now.segments_waiting == 0 && now.sessions_active >= sessions;
        },
        command, kStep);
    const Clock::time_point in_step = Clock::now();
    return {{"admitted", seconds_of(admitted)}, {"in_step", seconds_of(in_step)}};
  }

  // Makes sessions that this member owns, appends the ids of one of so many to a file, and keeps
  // all as the ones that `get` and `patch` are about. With `expire_in`, all of them end within one
  // second, so many seconds from now.
  json fill(const Command& command) {
    const auto begin = Clock::now();
    const std::size_t had = ids_.size();
    load::Making making{.sessions = command.count("sessions", 1000),
                        .payload = command.count("payload", 512),
                        .first_number = had};
    if (const std::size_t seconds = command.count("expire_in", 0); seconds > 0) {
      making.expiry = begin + std::chrono::seconds(seconds);
    }
    const std::vector<SessionId> made = load::make_sessions(store(), context_, making);
    ids_.insert(ids_.end(), made.begin(), made.end());
    write_ids(command.text("ids"), had, command.count("one_of", 1));
    return {{"seconds", seconds_since(begin)}, {"sessions", made.size()}};
  }

  void write_ids(const std::string& path, std::size_t from, std::size_t one_of) {
    if (path.empty()) return;
    std::ofstream file(path, std::ios::app);
    for (std::size_t i = from; i < ids_.size(); i += one_of) file << ids_[i].text() << "\n";
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
  }

  // The sessions that `get` and `patch` are about, from now on.
  json read_ids(const Command& command) {
    std::ifstream file(command.text("from"));
    ids_.clear();
    for (std::string line; std::getline(file, line);) {
      auto id = SessionId::parse(line);
      if (!id.ok()) throw std::runtime_error("a line that is no id");
      ids_.push_back(*id);
    }
    return {{"sessions", ids_.size()}};
  }

  const SessionId& any_id() {
    if (ids_.empty()) throw std::runtime_error("no sessions: fill or ids comes first");
    return ids_[random_() % ids_.size()];
  }

  template <typename Start>
  json run(const Command& command, Start start) {
    Recorder recorder(command.number("warm", 0.1), command.number("seconds", 1));
    kept_.clear();
    if (command.text("keep") == "yes") recorder.keep_in(kept_);
    load::Callers callers(command.count("callers", 1), recorder, std::move(start));
    callers.run(store().get_executor());
    return recorder.summary();
  }

  // `by=callback`, `by=coroutine`, or `by=blocking` for the store that was opened with --sync.
  json get(const Command& command) {
    any_id();
    const std::string by = command.text("by", "callback");
    if (by == "blocking") return get_blocking(command);
    if (by == "coroutine") return get_by_coroutines(command);
    return run(command, [this](auto done) {
      store().async_get(any_id(), kPatientRead,
                        [done](const absl::StatusOr<Session>& session) { done(session.status()); });
    });
  }

  json get_blocking(const Command& command) {
    Recorder recorder(command.number("warm", 0.1), command.number("seconds", 1));
    for (auto started = Clock::now(); !recorder.is_over(started);) {
      const absl::StatusOr<Session> session = blocking_.value().get(any_id(), kPatientRead);
      const auto ended = Clock::now();
      recorder.add(started, ended, session.ok());
      if (!session.ok()) recorder.explain(session.status().ToString());
      started = ended;
    }
    return recorder.summary();
  }

#if defined(ASIO_HAS_CO_AWAIT)
  // What coroutines share is for one of them at a time.
  template <typename Step>
  auto take_turn(Step step) {
    const std::lock_guard lock(turn_);
    return step();
  }
  asio::awaitable<void> call_until_over(Recorder& recorder) {
    auto started = Clock::now();
    for (SessionId id = take_turn([this] { return any_id(); }); !recorder.is_over(started);) {
      const absl::StatusOr<Session> session =
          co_await store().async_get(id, kPatientRead, asio::use_awaitable);
      const auto ended = Clock::now();
      take_turn([&] {
        recorder.add(started, ended, session.ok());
        if (!session.ok()) recorder.explain(session.status().ToString());
        id = any_id();
      });
      started = ended;
    }
  }
  // Each runs where its answers are read.
  json get_by_coroutines(const Command& command) {
    Recorder recorder(command.number("warm", 0.1), command.number("seconds", 1));
    const std::size_t callers = command.count("callers", 1);
    std::latch ended(static_cast<std::ptrdiff_t>(callers));
    for (std::size_t i = 0; i < callers; ++i) {
      asio::co_spawn(store().get_executor(), call_until_over(recorder),
                     [&ended](const std::exception_ptr&) { ended.count_down(); });
    }
    ended.wait();
    return recorder.summary();
  }
#else
  json get_by_coroutines(const Command&) {
    throw std::runtime_error("this compiler and this Asio have no coroutines together");
  }
#endif

  json create(const Command& command) {
    const std::size_t payload = command.count("payload", 512);
    return run(command, [this, payload](auto done) {
      store().async_create(
          load::session_of(++created_, payload), kPatientWrite,
          [done](const absl::StatusOr<Session>& session) { done(session.status()); });
    });
  }

  // Creates at a rate, whether or not they are answered.
  json flood(const Command& command) {
    const std::size_t payload = command.count("payload", 512);
    const auto start = [this, payload](auto done) {
      store().async_create(
          load::session_of(++created_, payload), kPatientWrite,
          [done](const absl::StatusOr<Session>& session) { done(session.status()); });
    };
    load::Flood flood({.callers = command.count("callers", 4096),
                       .rate = command.number("rate", 1e6),
                       .warm_seconds = command.number("warm", 0.2),
                       .seconds = command.number("seconds", 1)},
                      start);
    return flood.run();
  }

  json patch(const Command& command) {
    any_id();
    return run(command, [this](auto done) {
      store().async_patch(
          any_id(), sojourn::Patch().set("seen", "now"), kPatientWrite,
          [done](const absl::StatusOr<Session>& session) { done(session.status()); });
    });
  }

  // Until this member has begun to end those sessions whose time is up that it was not watched for
  // before, and has ended so many, or so many seconds have passed: when it began to be watched,
  // just before the first of them went, and the end of that, with the processor time used until
  // then and how many it had ended.
  json await_expiry(const Command& command) {
    constexpr auto kStep = 2ms;
    const auto note = [this] {
      return json{{"at", seconds_of(Clock::now())},
                  {"cpu", cpu_seconds()},
                  {"ended", store().metrics().expired}};
    };
    const json begin = note();
    json first = begin;
    const auto has_begun = [&] {
      const json now = note();
      if (now["ended"] > watched_for_) return true;
      first = now;
      return false;
    };
    wait_until(has_begun, command, kStep);
    const auto began = Clock::now();
    watched_for_ += command.count("sessions", 1);
    const double seconds = command.number("seconds", 600);
    wait_until(
        [&] {
          return store().metrics().expired >= watched_for_ || seconds_since(began) >= seconds;
        },
        command, kStep);
    return {{"begin", begin}, {"first", first}, {"last", note()}};
  }

  static double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  // What the last `get keep=yes` saw between two moments.
  json during(const Command& command) {
    load::Latencies latencies;
    for (const auto& [ended, took] : kept_) {
      const double at = seconds_of(ended);
      if (at >= command.number("from", 0) && at < command.number("to", 0)) latencies.add(took);
    }
    json summary = latencies.summary();
    summary["count"] = latencies.count();
    return summary;
  }

  // Bytes a second of a plain copy of so many sessions' bytes in memory, one after the other.
  json copy(const Command& command) {
    const std::size_t each = command.count("payload", 512);
    const std::size_t sessions = command.count("sessions", 1000);
    const std::vector<char> from(each * sessions, 'x');
    std::vector<char> to(from.size());
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < sessions; ++i) {
      std::memcpy(to.data() + i * each, from.data() + i * each, each);
    }
    const double took = seconds_since(begin);
    if (to.back() != 'x') throw std::runtime_error("the copy is wrong");
    return {{"bytes_per_second", static_cast<double>(to.size()) / took}};
  }

  // Where sessions are made; and who may touch what coroutines share.
  asio::io_context context_{1};
  std::mutex turn_;
  // One of the two.
  std::optional<sojourn::Store> own_;
  std::optional<sojourn::SyncStore> blocking_;
  std::vector<SessionId> ids_;
  std::minstd_rand random_{1};
  std::size_t created_ = 0;
  std::uint64_t watched_for_ = 0;
  load::Samples kept_;
};

}  // namespace

int main(int argc, char** argv) {
  load::MemberSettings settings;
  bool sync = false;
  CLI::App app("One member of a cluster, driven by commands on its standard input");
  load::add_member_options(app, settings);
  app.add_flag("--sync", sync, "open a SyncStore, for get by=blocking");
  CLI11_PARSE(app, argc, argv);
  // As docs/performance.md advises.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  try {
    const auto driver = Driver::open(settings, sync);
    load::obey(driver->verbs());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "session_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
