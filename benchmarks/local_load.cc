// Gets of sessions that this member owns, which never leave the process: how long they take beside
// the memory they read, on how many threads, and what they allocate. One member alone, through the
// public interface; benchmarks/run starts and drives it.
//
//   local_load [--memory-mib N]
//
// Commands are those of load/command.h.

#include <pthread.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "load/command.h"
#include "load/latencies.h"
#include "load/make_sessions.h"
#include "load/member_options.h"
#include "sojourn/store.h"

// Every allocation of the process is counted, whichever library makes it: these take the place of
// glibc's, and call it by its other name.
namespace {
std::atomic<std::uint64_t> allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* memory, std::size_t size);      // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment,
                      std::size_t n);  // NOLINT(bugprone-reserved-identifier)

void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
}

namespace {

using load::Clock;
using load::Command;
using nlohmann::json;
using sojourn::SessionId;

double nanoseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

// 0, as far as the processor knows only when it has read the byte: what is added to an address
// makes the next access wait for this one.
std::size_t zero_of(char payload) { return static_cast<unsigned char>(payload) >> 7; }

class Driver {
 public:
  static std::unique_ptr<Driver> open(const load::MemberSettings& settings) {
    auto driver = std::unique_ptr<Driver>(new Driver);
    auto store =
        sojourn::Store::open(driver->context_.get_executor(), load::store_options(settings));
    if (!store.ok()) throw std::runtime_error(store.status().ToString());
    driver->store_.emplace(std::move(*store));
    absl::Status ready;
    driver->store_->async_ready([&](absl::Status status) { ready = std::move(status); });
    driver->context_.run();
    driver->context_.restart();
    if (!ready.ok()) throw std::runtime_error(ready.ToString());
    return driver;
  }

  load::Verbs verbs() {
    const auto method = [this](json (Driver::*verb)(const Command&)) {
      return [this, verb](const Command& command) { return (this->*verb)(command); };
    };
    return {{"fill", method(&Driver::fill)},
            {"pin", method(&Driver::pin_caller)},
            {"stream", method(&Driver::stream)},
            {"dependent", method(&Driver::dependent)},
            {"memory", method(&Driver::memory)},
            {"threads", method(&Driver::threads)},
            {"by_coroutine", method(&Driver::by_coroutine)},
            {"coroutine_alone", method(&Driver::coroutine_alone)}};
  }

 private:
  Driver() = default;

  // From then on ids are in random order, so that one after the other is a uniform choice of
  // sessions, while the processor can see the next ids come.
  json fill(const Command& command) {
    const load::Making making{.sessions = command.count("sessions", 1000),
                              .payload = command.count("payload", 512),
                              .first_number = ids_.size()};
    const auto begin = Clock::now();
    const std::vector<SessionId> made = load::make_sessions(*store_, context_, making);
    const double took = nanoseconds_since(begin) / 1e9;
    ids_.insert(ids_.end(), made.begin(), made.end());
    std::shuffle(ids_.begin(), ids_.end(), std::minstd_rand(1));
    find_places();
    at_ = 0;
    return {{"sessions", ids_.size()}, {"seconds", took}};
  }

  // Where the sessions' payloads are. Nothing changes or ends them as long as this program runs, so
  // they stay there. Not as addresses: processors since Intel's Alder Lake fetch beforehand what
  // the next ones in a row of addresses point to, so that no read would wait for memory
  // (Data-Dependent Prefetcher, in Intel's guidance of 2022).
  void find_places() {
    places_.clear();
    places_.reserve(ids_.size());
    for (const SessionId& id : ids_) {
      const std::string_view token = payload_of(store_->get_local(id));
      places_.push_back(~reinterpret_cast<std::uintptr_t>(token.data() + token.size() / 2));
    }
  }

  static std::string_view payload_of(
      const std::optional<absl::StatusOr<sojourn::Session>>& session) {
    if (!session || !session->ok()) throw std::runtime_error("a session is not here");
    return session->value().attribute("token").value();
  }

  // The place in the ids to go on from, with room for so many.
  std::size_t take(std::size_t count) {
    if (count > ids_.size()) throw std::runtime_error("fewer sessions than gets");
    if (at_ + count > ids_.size()) at_ = 0;
    return std::exchange(at_, at_ + count);
  }

  template <typename Each>
  json timed(std::size_t count, Each each) {
    const std::uint64_t allocated = allocations.load();
    const auto begin = Clock::now();
    each();
    const double took = nanoseconds_since(begin);
    const auto made = static_cast<double>(allocations.load() - allocated);
    return {{"ns", took / static_cast<double>(count)},
            {"allocations", made / static_cast<double>(count)},
            {"operations", count},
            {"failed", 0}};
  }

  // Gets that have nothing to do with each other.
  json stream(const Command& command) {
    const std::size_t count = command.count("gets", 1000);
    const std::size_t begin = take(count);
    std::size_t found = 0;
    json result = timed(count, [&] {
      for (std::size_t i = begin; i < begin + count; ++i) {
        const auto session = store_->get_local(ids_[i]);
        found += session && session->ok() ? 1 : 0;
      }
    });
    result["failed"] = count - found;
    return result;
  }

  // Gets each of which depends on what the last one read in its session.
  json dependent(const Command& command) {
    const std::size_t count = command.count("gets", 1000);
    const std::size_t begin = take(count);
    return timed(count, [&] {
      std::size_t zero = 0;
      for (std::size_t i = begin; i < begin + count; ++i) {
        zero = zero_of(payload_of(store_->get_local(ids_[i + zero])).front());
      }
    });
  }

  // One byte of each session in the same order, each read only when the last one has come: what the
  // memory takes by itself.
  json memory(const Command& command) {
    const std::size_t count = command.count("gets", 1000);
    const std::size_t begin = take(count);
    return timed(count, [&] {
      std::size_t zero = 0;
      for (std::size_t i = begin; i < begin + count; ++i) {
        zero = zero_of(*reinterpret_cast<const volatile char*>(~places_[i + zero]));
      }
    });
  }

  // `cores=0,1`: a thread on each, each with a part of the sessions to begin with. Gets a second of
  // all of them.
  json threads(const Command& command) {
    const std::vector<int> cores = cores_of(command.text("cores", "0"));
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(command.number("seconds", 1)));
    std::vector<double> per_second(cores.size());
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < cores.size(); ++i) {
      workers.emplace_back([&, i] {
        pin(cores[i]);
        per_second[i] = gets_a_second_until(end, ids_.size() * i / cores.size());
      });
    }
    for (std::thread& worker : workers) worker.join();
    double sum = 0;
    for (const double each : per_second) sum += each;
    return {{"per_second", sum}};
  }

  static std::vector<int> cores_of(const std::string& list) {
    std::vector<int> cores;
    std::istringstream text(list);
    for (std::string core; std::getline(text, core, ',');) cores.push_back(std::stoi(core));
    return cores;
  }

  // The thread that calls; the store's own stay where they are.
  json pin_caller(const Command& command) {
    pin(static_cast<int>(command.count("core", 0)));
    return json::object();
  }

  static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) std::abort();
  }

  double gets_a_second_until(Clock::time_point end, std::size_t at) const {
    constexpr std::size_t kBetweenLooks = 100;
    const auto begin = Clock::now();
    std::size_t found = 0;
    while (Clock::now() < end) {
      for (std::size_t i = 0; i < kBetweenLooks; ++i) {
        const auto session = store_->get_local(ids_[at]);
        found += session && session->ok() ? 1 : 0;
        at = at + 1 == ids_.size() ? 0 : at + 1;
      }
    }
    return static_cast<double>(found) / (nanoseconds_since(begin) / 1e9);
  }

#if defined(ASIO_HAS_CO_AWAIT)
  asio::awaitable<void> get_each(std::size_t begin, std::size_t count, std::size_t& found) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      const auto session = co_await store_->async_get(ids_[i], asio::use_awaitable);
      found += session.ok() ? 1 : 0;
    }
  }
  json by_coroutine(const Command& command) {
    const std::size_t count = command.count("gets", 1000);
    const std::size_t begin = take(count);
    std::size_t found = 0;
    json result = timed(count, [&] { run(get_each(begin, count, found)); });
    result["failed"] = count - found;
    return result;
  }

  // What the handler of a coroutine costs by itself: as many trips through the executor.
  asio::awaitable<void> post_each(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) co_await asio::post(context_, asio::use_awaitable);
  }
  json coroutine_alone(const Command& command) {
    const std::size_t count = command.count("gets", 1000);
    return timed(count, [&] { run(post_each(count)); });
  }

  void run(asio::awaitable<void> coroutine) {
    asio::co_spawn(context_, std::move(coroutine), asio::detached);
    context_.run();
    context_.restart();
  }
#else
  json by_coroutine(const Command&) { return {{"unsupported", "no coroutines"}}; }
  json coroutine_alone(const Command&) { return {{"unsupported", "no coroutines"}}; }
#endif

  asio::io_context context_{1};
  std::optional<sojourn::Store> store_;
  std::vector<SessionId> ids_;
  std::vector<std::uintptr_t> places_;  // of the same sessions, as find_places() notes them
  std::size_t at_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  load::MemberSettings settings;
  CLI::App app("Gets of a member's own sessions, driven by commands on standard input");
  load::add_member_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  settings.members = {settings.name + "="};
  try {
    const auto driver = Driver::open(settings);
    load::obey(driver->verbs());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "local_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
