// Two members on loopback, each a process of its own: this one calls, the other serves. Prints
// operations a second and latencies for reads and replicated writes. It reports; it judges nothing.
//
//   cluster_benchmark [--seconds S] [--sessions N] [--payload BYTES]
//
// Run it alone on a quiet machine, several times, and quote medians.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "sojourn/store.h"
#include "sojourn/sync_store.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Settings {
  double seconds = 2;
  std::size_t sessions = 10000;
  std::size_t payload = 512;
};

sojourn::StoreOptions options_of(const std::string& name, const std::vector<int>& ports) {
  sojourn::StoreOptions options;
  options.name = name;
  options.members = {{.name = "a", .address = "127.0.0.1:" + std::to_string(ports[0])},
                     {.name = "b", .address = "127.0.0.1:" + std::to_string(ports[1])}};
  options.insecure = true;
  return options;
}

std::vector<int> free_ports() {
  asio::io_context context;
  const asio::ip::tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
  asio::ip::tcp::acceptor first(context, any);
  asio::ip::tcp::acceptor second(context, any);
  return {first.local_endpoint().port(), second.local_endpoint().port()};
}

// The other member: serves until its standard input closes.
int serve(const std::vector<int>& ports) {
  auto store = sojourn::SyncStore::open(options_of("b", ports));
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

// The other member's process, as long as this object lives.
class OtherProcess {
 public:
  OtherProcess(const char* program, const std::vector<int>& ports) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    const std::string first = std::to_string(ports[0]);
    const std::string second = std::to_string(ports[1]);
    process_ = fork();
    if (process_ == 0) {
      dup2(ends[0], STDIN_FILENO);
      execl(program, program, "--serve", first.c_str(), second.c_str(), nullptr);
      _exit(127);
    }
    close(ends[0]);
    pipe_ = ends[1];
  }
  ~OtherProcess() {
    close(pipe_);
    waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_ = 0;
  int pipe_ = -1;
};

void print_row(const char* what, std::size_t callers, std::vector<double> microseconds,
               double seconds, std::size_t failed) {
  std::sort(microseconds.begin(), microseconds.end());
  const auto percentile = [&](double p) {
    if (microseconds.empty()) return 0.0;
    return microseconds[static_cast<std::size_t>(p * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("%-24s %8zu %12.0f %10.1f %10.1f %10.1f %8zu\n", what, callers,
              static_cast<double>(microseconds.size()) / seconds, percentile(0.5), percentile(0.99),
              percentile(0.999), failed);
  std::fflush(stdout);
}

// Starts one operation; calls the argument with its success when it has ended.
using Operation = std::function<void(std::function<void(bool)>)>;

// Keeps so many operations in flight for a while, each caller starting its next one when one ends.
void run(const char* what, std::size_t callers, const Settings& settings, asio::io_context& context,
         const Operation& operation) {
  std::vector<double> latencies;
  latencies.reserve(1 << 20);
  std::size_t failed = 0;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(settings.seconds));
  std::function<void()> next = [&] {
    const auto started = Clock::now();
    if (started >= end) return;
    operation([&, started](bool ok) {
      const std::chrono::duration<double, std::micro> took = Clock::now() - started;
      latencies.push_back(took.count());
      failed += ok ? 0 : 1;
      next();
    });
  };
  for (std::size_t i = 0; i < callers; ++i) asio::post(context, next);
  context.run();
  context.restart();
  const std::chrono::duration<double> took = Clock::now() - begin;
  print_row(what, callers, std::move(latencies), took.count(), failed);
}

void run_local(const Settings& settings, sojourn::Store& store,
               const std::vector<sojourn::SessionId>& ids, std::mt19937& random) {
  std::vector<double> latencies;
  std::size_t failed = 0;
  const auto begin = Clock::now();
  const auto limit = std::chrono::duration<double>(settings.seconds);
  while (Clock::now() - begin < limit) {
    // A hundred at a time: a clock reading costs about as much as a lookup.
    constexpr int kBatch = 100;
    const auto started = Clock::now();
    for (int i = 0; i < kBatch; ++i) {
      const auto found = store.get_local(ids[random() % ids.size()]);
      failed += found && found->ok() ? 0 : 1;
    }
    const std::chrono::duration<double, std::micro> took = Clock::now() - started;
    latencies.insert(latencies.end(), kBatch, took.count() / kBatch);
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  print_row("get_local", 1, std::move(latencies), took.count(), failed);
}

int measure(const char* program, const Settings& settings) {
  const std::vector<int> ports = free_ports();
  OtherProcess other(program, ports);
  asio::io_context context;
  sojourn::StoreOptions options = options_of("a", ports);
  options.placement = sojourn::PlacementPolicy::kHashed;  // half of the sessions here, half there
  auto store = sojourn::Store::open(context.get_executor(), options);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  absl::Status ready;
  store->async_ready([&](absl::Status status) { ready = std::move(status); });
  context.run();
  context.restart();

  const std::string payload(settings.payload, 'x');
  std::vector<sojourn::SessionId> here;
  std::vector<sojourn::SessionId> there;
  const sojourn::WriteOptions patient{.timeout = 30s};
  std::size_t failed = 0;
  for (std::size_t i = 0; i < settings.sessions; ++i) {
    store->async_create(sojourn::NewSession("ana").with("payload", payload), patient,
                        [&](absl::StatusOr<sojourn::Session> made) {
                          if (!made.ok()) {
                            ++failed;
                            return;
                          }
                          const bool local = store->owner_of(made->id()) == "a";
                          (local ? here : there).push_back(made->id());
                        });
  }
  context.run();
  context.restart();
  if (failed > 0 || here.empty() || there.empty()) {
    std::fprintf(stderr, "%zu of %zu sessions could not be made\n", failed, settings.sessions);
    return 1;
  }

  std::mt19937 random(1);
  const auto any_of = [&random](const std::vector<sojourn::SessionId>& ids) -> const auto& {
    return ids[random() % ids.size()];
  };
  std::printf("%-24s %8s %12s %10s %10s %10s %8s\n", "operation", "callers", "per second", "p50 us",
              "p99 us", "p99.9 us", "failed");
  run_local(settings, *store, here, random);
  const sojourn::ReadOptions patient_read{.timeout = 30s};
  for (const std::size_t callers : {1u, 50u, 1024u}) {
    run("get, remote", callers, settings, context, [&](std::function<void(bool)> done) {
      store->async_get(any_of(there), patient_read,
                       [done = std::move(done)](const absl::StatusOr<sojourn::Session>& session) {
                         done(session.ok());
                       });
    });
  }
  for (const std::size_t callers : {1u, 50u, 1024u}) {
    run("create, replicated", callers, settings, context, [&](std::function<void(bool)> done) {
      // Short-lived, so that a long run does not fill the memory.
      store->async_create(
          sojourn::NewSession("ana").with("payload", payload).lasting({5s, 5s}), patient,
          [done = std::move(done)](const absl::StatusOr<sojourn::Session>& session) {
            done(session.ok());
          });
    });
  }
  for (const std::size_t callers : {1u, 50u, 1024u}) {
    run("patch, owner here", callers, settings, context, [&](std::function<void(bool)> done) {
      store->async_patch(any_of(here), sojourn::Patch().set("seen", "now"), patient,
                         [done = std::move(done)](const absl::StatusOr<sojourn::Session>& session) {
                           done(session.ok());
                         });
    });
  }
  for (const std::size_t callers : {1u, 50u, 1024u}) {
    run("patch, owner there", callers, settings, context, [&](std::function<void(bool)> done) {
      store->async_patch(any_of(there), sojourn::Patch().set("seen", "now"), patient,
                         [done = std::move(done)](const absl::StatusOr<sojourn::Session>& session) {
                           done(session.ok());
                         });
    });
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::vector<int> serve_ports;
  CLI::App app("Two members on loopback: operations a second and latencies");
  app.add_option("--seconds", settings.seconds, "how long each row is measured")
      ->check(CLI::Range(0.01, 600.0))
      ->capture_default_str();
  app.add_option("--sessions", settings.sessions, "how many sessions there are")
      ->check(CLI::Range(16, 10000000))
      ->capture_default_str();
  app.add_option("--payload", settings.payload, "bytes in each session")
      ->check(CLI::Range(0, 16384))
      ->capture_default_str();
  app.add_option("--serve", serve_ports, "used by the program itself")->expected(2)->group("");
  CLI11_PARSE(app, argc, argv);
  return serve_ports.empty() ? measure(argv[0], settings) : serve(serve_ports);
}
