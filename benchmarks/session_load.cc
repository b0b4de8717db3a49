// One member of a cluster, through the public interface, that does as it is told on its standard
// input: makes sessions, calls for them with so many callers at once, and says what it saw. Several
// of them are a cluster on one machine: benchmarks/run starts and drives them.
//
//   session_load --name a --member a=127.0.0.1:7001 --member b=127.0.0.1:7002 [--sync] ...
//
// Commands are lines such as `get callers=50 seconds=2 warm=0.2`; each is answered by a line of
// JSON (load/command.h). Ends when its input does.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
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
#include "load/latencies.h"
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

double seconds_of(Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

double seconds_since(Clock::time_point begin) {
  return seconds_of(Clock::now()) - seconds_of(begin);
}

// Used on the main thread only. Completions run there while a command waits for them.
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
      auto store = sojourn::Store::open(driver->context_.get_executor(), options);
      if (!store.ok()) throw std::runtime_error(store.status().ToString());
      driver->own_.emplace(std::move(*store));
    }
    return driver;
  }

  load::Verbs verbs() {
    const auto method = [this](json (Driver::*verb)(const Command&)) {
      return [this, verb](const Command& command) { return (this->*verb)(command); };
    };
    return {{"await", method(&Driver::await)},     {"fill", method(&Driver::fill)},
            {"ids", method(&Driver::read_ids)},    {"get", method(&Driver::get)},
            {"create", method(&Driver::create)},   {"patch", method(&Driver::patch)},
            {"metrics", method(&Driver::metrics)}, {"await_expiry", method(&Driver::await_expiry)}};
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

  // Until this member is ready; and so many are members; and it holds so many sessions, with
  // nothing left to be received. When each came true, by the clock that all processes of a machine
  // share.
  json await(const Command& command) {
    constexpr auto kStep = 200us;
    wait_until([&] { return store().health().ready; }, command, kStep);
    const Clock::time_point admitted = Clock::now();
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
    if (command.text("safe") == "yes") {
      wait_until([&] { return store().health().safe; }, command, kStep);
    }
    return {{"admitted", seconds_of(admitted)},
            {"in_step", seconds_of(in_step)},
            {"safe", seconds_of(Clock::now())}};
  }

  // Makes sessions that this member owns, appends their ids to a file, and keeps them as the ones
  // that `get` and `patch` are about. With `expire_in`, all of them end within one second, so many
  // seconds from now.
  json fill(const Command& command) {
    const std::size_t sessions = command.count("sessions", 1000);
    const std::size_t payload = command.count("payload", 512);
    const auto begin = Clock::now();
    const auto expiry = begin + std::chrono::seconds(command.count("expire_in", 0));
    const std::size_t had = ids_.size();
    std::size_t begun = 0;
    std::string failure;
    std::function<void()> next = [&] {
      if (begun == sessions || !failure.empty()) return;
      sojourn::NewSession session = load::session_of(had + begun++, payload);
      if (expiry != begin) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(expiry - Clock::now());
        const auto lifetime = std::max<std::chrono::seconds>(left, 1s);
        session.lasting({lifetime, lifetime});
      }
      store().async_create(std::move(session), kPatientWrite,
                           asio::bind_executor(context_, [&](absl::StatusOr<Session> made) {
                             if (made.ok()) {
                               ids_.push_back(made->id());
                             } else {
                               failure = made.status().ToString();
                             }
                             next();
                           }));
    };
    ids_.reserve(had + sessions);
    constexpr int kAtOnce = 256;
    for (int i = 0; i < kAtOnce; ++i) next();
    context_.run();
    context_.restart();
    if (!failure.empty()) throw std::runtime_error("create: " + failure);
    write_ids(command.text("ids"), had);
    return {{"seconds", seconds_since(begin)}, {"sessions", sessions}};
  }

  void write_ids(const std::string& path, std::size_t from) {
    if (path.empty()) return;
    std::ofstream file(path, std::ios::app);
    for (std::size_t i = from; i < ids_.size(); ++i) file << ids_[i].text() << "\n";
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
    load::Callers callers(command.count("callers", 1), recorder, std::move(start));
    callers.run(context_);
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
  asio::awaitable<void> call_until_over(Recorder& recorder) {
    for (auto started = Clock::now(); !recorder.is_over(started);) {
      const absl::StatusOr<Session> session =
          co_await store().async_get(any_id(), kPatientRead, asio::use_awaitable);
      const auto ended = Clock::now();
      recorder.add(started, ended, session.ok());
      if (!session.ok()) recorder.explain(session.status().ToString());
      started = ended;
    }
  }
  json get_by_coroutines(const Command& command) {
    Recorder recorder(command.number("warm", 0.1), command.number("seconds", 1));
    for (std::size_t i = 0; i < command.count("callers", 1); ++i) {
      asio::co_spawn(context_, call_until_over(recorder), asio::detached);
    }
    context_.run();
    context_.restart();
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

  json patch(const Command& command) {
    any_id();
    return run(command, [this](auto done) {
      store().async_patch(
          any_id(), sojourn::Patch().set("seen", "now"), kPatientWrite,
          [done](const absl::StatusOr<Session>& session) { done(session.status()); });
    });
  }

  json metrics(const Command&) {
    const sojourn::Metrics now = store().metrics();
    return {{"members", now.members},
            {"sessions", now.sessions_active},
            {"bytes", now.bytes},
            {"expired", now.expired},
            {"reads_local", now.reads_local_hit},
            {"reads_remote", now.reads_remote_hit}};
  }

  // Until this member has ended so many sessions because their time was up: when the first and the
  // last went.
  json await_expiry(const Command& command) {
    constexpr auto kStep = 1ms;
    const std::uint64_t before = command.count("before", 0);
    const std::uint64_t sessions = command.count("sessions", 1);
    wait_until([&] { return store().metrics().expired > before; }, command, kStep);
    const Clock::time_point first = Clock::now();
    wait_until([&] { return store().metrics().expired >= before + sessions; }, command, kStep);
    return {{"first", seconds_of(first)}, {"last", seconds_of(Clock::now())}};
  }

  asio::io_context context_{1};
  // One of the two.
  std::optional<sojourn::Store> own_;
  std::optional<sojourn::SyncStore> blocking_;
  std::vector<SessionId> ids_;
  std::minstd_rand random_{1};
  std::size_t created_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  load::MemberSettings settings;
  bool sync = false;
  CLI::App app("One member of a cluster, driven by commands on its standard input");
  load::add_member_options(app, settings);
  app.add_flag("--sync", sync, "open a SyncStore, for get by=blocking");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto driver = Driver::open(settings, sync);
    load::obey(driver->verbs());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "session_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
