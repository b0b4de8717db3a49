// Users read their sessions while bots begin logins that they never finish, far more than there is
// memory for. Three members in one process, through the public interface. Prints what the users
// notice of it, and what became of the logins. It judges one thing: that no user's session is lost.
//
//   flood_benchmark [--logins N] [--users N] [--memory BYTES] [--end-oldest] ...

#include <CLI/CLI.hpp>
#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "sojourn/store.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using sojourn::Session;
using sojourn::SessionId;
using sojourn::Store;

constexpr std::size_t kMembers = 3;

struct Settings {
  std::size_t logins = 1'000'000;
  std::size_t users = 10'000;
  std::size_t payload = 512;
  std::size_t memory = std::size_t{32} << 20;
  std::size_t callers = 300;
  double pause_ms = 0;
  double reads_per_second = 2000;
  double calm_seconds = 5;
  bool end_oldest = false;
};

// Runs handlers on a thread of its own, as long as it lives.
class Worker {
 public:
  Worker() : guard_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  ~Worker() {
    guard_.reset();
    context_.stop();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
};

std::vector<int> free_ports() {
  asio::io_context context;
  std::vector<asio::ip::tcp::acceptor> acceptors;
  std::vector<int> ports;
  for (std::size_t i = 0; i < kMembers; ++i) {
    acceptors.emplace_back(context,
                           asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    ports.push_back(acceptors.back().local_endpoint().port());
  }
  return ports;
}

std::vector<Store> open_members(const Settings& settings, asio::io_context& context) {
  const std::vector<int> ports = free_ports();
  sojourn::StoreOptions options;
  for (std::size_t i = 0; i < kMembers; ++i) {
    options.members.push_back(
        {.name = "m" + std::to_string(i), .address = "127.0.0.1:" + std::to_string(ports[i])});
  }
  options.insecure = true;
  options.memory_bytes = settings.memory;
  options.logins_when_full =
      settings.end_oldest ? sojourn::WhenFull::kEndOldest : sojourn::WhenFull::kRefuseNew;
  std::vector<Store> members;
  for (std::size_t i = 0; i < kMembers; ++i) {
    options.name = options.members[i].name;
    auto store = Store::open(context.get_executor(), options);
    if (!store.ok()) {
      std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
      std::exit(1);
    }
    members.push_back(std::move(*store));
  }
  for (Store& member : members) {
    std::promise<absl::Status> ready;
    member.async_ready([&](absl::Status status) { ready.set_value(std::move(status)); });
    if (const absl::Status status = ready.get_future().get(); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      std::exit(1);
    }
  }
  return members;
}

// Does something so many times, so much of it at once, and waits for the end. `start` is given the
// number and what to call when it has ended.
using Start = std::function<void(std::size_t, std::function<void()>)>;

class Repeated {
 public:
  Repeated(asio::io_context& context, std::size_t times, std::chrono::duration<double> pause,
           Start start)
      : context_(context), times_(times), pause_(pause), start_(std::move(start)) {}

  void run(std::size_t at_once) {
    running_ = std::min(at_once, times_);
    for (std::size_t i = std::min(at_once, times_); i > 0; --i) {
      asio::post(context_, [this] { next(); });
    }
    done_.get_future().wait();
  }

 private:
  void next() {
    if (begun_ == times_) {
      if (--running_ == 0) done_.set_value();
      return;
    }
    start_(begun_++, [this] { after_one(); });
  }
  void after_one() {
    if (pause_.count() == 0) return next();
    auto timer = std::make_shared<asio::steady_timer>(context_);
    timer->expires_after(std::chrono::duration_cast<Clock::duration>(pause_));
    timer->async_wait([this, timer](auto) { next(); });
  }

  asio::io_context& context_;
  const std::size_t times_;
  const std::chrono::duration<double> pause_;
  const Start start_;
  // Only on the context's thread.
  std::size_t begun_ = 0;
  std::size_t running_ = 0;
  std::promise<void> done_;
};

// Users whose gets come at a steady pace, whatever becomes of those before: so a get that is late
// because the program was busy counts as slow.
class Users {
 public:
  Users(const Settings& settings, std::vector<Store>& members, std::vector<SessionId> ids)
      : pause_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(1 / settings.reads_per_second))),
        members_(members),
        ids_(std::move(ids)) {}

  struct Seen {
    std::vector<double> milliseconds;
    std::size_t failed = 0;
  };
  // Reads until `end` is ready.
  Seen read_until(std::future<void> end) {
    stop_ = false;
    asio::post(worker_.context(), [this] {
      seen_ = {};
      due_ = Clock::now();
      next();
    });
    end.wait();
    std::promise<Seen> result;
    asio::post(worker_.context(), [&] { stop_ = true; });
    while (pending_ > 0 || !stop_) std::this_thread::sleep_for(10ms);
    asio::post(worker_.context(), [&] { result.set_value(std::move(seen_)); });
    return result.get_future().get();
  }

 private:
  void next() {
    if (stop_) return;
    while (due_ <= Clock::now()) {
      read(due_);
      due_ += pause_;
    }
    timer_.expires_at(due_);
    timer_.async_wait([this](auto) { next(); });
  }
  void read(Clock::time_point due) {
    ++pending_;
    const SessionId& id = ids_[random_() % ids_.size()];
    members_[random_() % kMembers].async_get(
        id, {.timeout = 5s},
        asio::bind_executor(worker_.context(), [this, due](absl::StatusOr<Session> session) {
          const std::chrono::duration<double, std::milli> took = Clock::now() - due;
          seen_.milliseconds.push_back(took.count());
          seen_.failed += session.ok() ? 0 : 1;
          --pending_;
        }));
  }

  Worker worker_;
  const Clock::duration pause_;
  std::vector<Store>& members_;
  const std::vector<SessionId> ids_;
  asio::steady_timer timer_{worker_.context()};
  std::mt19937 random_{1};
  std::atomic<std::size_t> pending_ = 0;
  std::atomic<bool> stop_ = false;
  // Only on the worker's thread.
  Clock::time_point due_;
  Seen seen_;
};

void print_row(const char* what, Users::Seen seen, double seconds) {
  std::vector<double>& sorted = seen.milliseconds;
  std::sort(sorted.begin(), sorted.end());
  const auto percentile = [&](double p) {
    if (sorted.empty()) return 0.0;
    return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
  };
  std::printf("%-20s %12.0f %10.2f %10.2f %10.2f %8zu\n", what,
              static_cast<double>(sorted.size()) / seconds, percentile(0.5), percentile(0.99),
              sorted.empty() ? 0.0 : sorted.back(), seen.failed);
  std::fflush(stdout);
}

std::vector<SessionId> make_users(const Settings& settings, std::vector<Store>& members,
                                  asio::io_context& context) {
  std::vector<SessionId> ids;
  const std::string payload(settings.payload, 'x');
  Repeated repeated(context, settings.users, {}, [&](std::size_t i, std::function<void()> done) {
    sojourn::NewSession session =
        sojourn::NewSession("user-" + std::to_string(i)).with("payload", payload);
    members[i % kMembers].async_create(
        std::move(session), {.timeout = 30s},
        [&ids, done = std::move(done)](absl::StatusOr<Session> made) {
          if (made.ok()) {
            ids.push_back(made->id());
          } else {
            std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
          }
          done();
        });
  });
  repeated.run(100);
  return ids;
}

std::size_t count_lost(std::vector<Store>& members, const std::vector<SessionId>& ids,
                       asio::io_context& context) {
  std::size_t lost = 0;
  Repeated repeated(context, ids.size(), {}, [&](std::size_t i, std::function<void()> done) {
    members[i % kMembers].async_get(
        ids[i], {.timeout = 30s},
        [&lost, done = std::move(done)](const absl::StatusOr<Session>& session) {
          lost += session.ok() ? 0 : 1;
          done();
        });
  });
  repeated.run(100);
  return lost;
}

std::map<absl::StatusCode, std::size_t> flood(const Settings& settings, std::vector<Store>& members,
                                              asio::io_context& context) {
  std::map<absl::StatusCode, std::size_t> outcomes;
  const std::chrono::duration<double> pause(settings.pause_ms / 1000);
  Repeated repeated(
      context, settings.logins, pause, [&](std::size_t i, std::function<void()> done) {
        sojourn::NewSession login =
            sojourn::NewSession().with("redirect_uri", "https://app.example/callback");
        members[i % kMembers].async_create(
            std::move(login), {.timeout = 30s},
            [&outcomes, done = std::move(done)](const absl::StatusOr<Session>& made) {
              ++outcomes[made.status().code()];
              done();
            });
      });
  repeated.run(settings.callers);
  return outcomes;
}

int measure(const Settings& settings) {
  Worker bots;
  std::vector<Store> members = open_members(settings, bots.context());
  const std::vector<SessionId> ids = make_users(settings, members, bots.context());
  if (ids.size() != settings.users) {
    std::fprintf(stderr, "%zu of %zu users have no session\n", settings.users - ids.size(),
                 settings.users);
    return 1;
  }
  Users users(settings, members, ids);
  std::printf("%zu logins that nobody finishes, %zu callers, a full login %s\n", settings.logins,
              settings.callers, settings.end_oldest ? "ends the oldest" : "is refused");
  std::printf("%-20s %12s %10s %10s %10s %8s\n", "users' gets", "per second", "p50 ms", "p99 ms",
              "max ms", "failed");

  const auto calm_time = std::chrono::duration<double>(settings.calm_seconds);
  print_row("in calm",
            users.read_until(
                std::async(std::launch::async, [&] { std::this_thread::sleep_for(calm_time); })),
            settings.calm_seconds);

  std::map<absl::StatusCode, std::size_t> outcomes;
  const auto begin = Clock::now();
  Users::Seen seen = users.read_until(
      std::async(std::launch::async, [&] { outcomes = flood(settings, members, bots.context()); }));
  const std::chrono::duration<double> took = Clock::now() - begin;
  print_row("during the flood", std::move(seen), took.count());

  std::printf("\nlogins: %.0f a second for %.1f s;",
              static_cast<double>(settings.logins) / took.count(), took.count());
  for (const auto& [code, count] : outcomes) {
    std::printf(" %s %zu", absl::StatusCodeToString(code).c_str(), count);
  }
  std::uint64_t ended = 0;
  std::printf("\nmemory:");
  for (const Store& member : members) {
    const sojourn::Metrics metrics = member.metrics();
    ended += metrics.logins_ended_for_room;
    std::printf(" %.1f%%",
                100 * static_cast<double>(metrics.bytes) / static_cast<double>(metrics.bytes_max));
  }
  const std::size_t lost = count_lost(members, ids, bots.context());
  std::printf(" of the bound; logins ended for others: %llu\nusers' sessions lost: %zu of %zu\n",
              static_cast<unsigned long long>(ended), lost, ids.size());
  return lost == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What users notice of a flood of logins that nobody finishes");
  const auto at_least = [](double least) { return CLI::Range(least, 1e12); };
  app.add_option("--logins", settings.logins, "how many")->check(at_least(1));
  app.add_option("--users", settings.users, "active sessions")->check(at_least(1));
  app.add_option("--payload", settings.payload, "bytes in each of them")
      ->check(CLI::Range(0, 16384));
  app.add_option("--memory", settings.memory, "memory_bytes of each member")
      ->check(at_least(1 << 20));
  app.add_option("--callers", settings.callers, "logins at one time")->check(at_least(1));
  app.add_option("--pause-ms", settings.pause_ms, "of a caller between two logins")
      ->check(at_least(0));
  app.add_option("--reads", settings.reads_per_second, "users' gets a second")->check(at_least(1));
  app.add_option("--calm", settings.calm_seconds, "seconds before the flood")
      ->check(at_least(0.01));
  app.add_flag("--end-oldest", settings.end_oldest, "logins_when_full is kEndOldest");
  CLI11_PARSE(app, argc, argv);
  return measure(settings);
}
