#include "store/tally.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn::store {
namespace {

using namespace std::chrono_literals;
using replication::Verb;

template <typename Enum, typename Values>
auto& at(Values& values, Enum which) {
  return values[static_cast<std::size_t>(which)];
}

Metrics metrics_of(const Tally& tally) {
  Metrics metrics;
  tally.add_to(metrics);
  return metrics;
}

}  // namespace

TEST_CASE("a read counts where it was answered and as what", "[store]") {
  Tally tally;
  tally.end_read(absl::OkStatus(), true, Tally::Clock::now() - 100us);
  tally.end_read(absl::NotFoundError(""), true, std::nullopt);
  tally.end_read(absl::UnavailableError(""), false, std::nullopt);

  const Metrics metrics = metrics_of(tally);

  CHECK(metrics.reads_remote_hit == 1);
  CHECK(metrics.reads_remote_miss == 1);
  CHECK(metrics.reads_failed == 1);
  CHECK(at(metrics.reads, Place::kRemote).of(Outcome::kNotFound) == 1);
  CHECK(at(metrics.reads, Place::kLocal).of(Outcome::kUnavailable) == 1);
  CHECK(at(metrics.reads, Place::kRemote).latencies.count() == 1);
  CHECK(at(metrics.reads, Place::kRemote).latencies.sum >= 100us);
}

TEST_CASE("one in 8 of the reads of a thread is measured", "[store]") {
  Tally tally;
  std::thread([&tally] {
    for (int i = 0; i < 640; ++i) tally.end_read(absl::OkStatus(), true, Tally::begin_read());
  }).join();

  const Metrics metrics = metrics_of(tally);

  CHECK(metrics.reads_remote_hit == 640);
  CHECK(at(metrics.reads, Place::kRemote).latencies.count() == 80);
}

TEST_CASE("reads on their callers' threads count as local", "[store]") {
  Metrics metrics;

  Tally::add_reads_here(5, 2, metrics);

  CHECK(metrics.reads_local_hit == 5);
  CHECK(metrics.reads_local_miss == 2);
  CHECK(at(metrics.reads, Place::kLocal).of(Outcome::kOk) == 5);
  CHECK(at(metrics.reads, Place::kLocal).of(Outcome::kNotFound) == 2);
}

TEST_CASE("a write counts by its verb", "[store]") {
  Tally tally;
  tally.count_write(Verb::kRotate, absl::OkStatus(), false, 300us);
  tally.count_write(Verb::kRevoke, absl::OkStatus(), true, 400us);
  tally.count_write(Verb::kRevoke, absl::DeadlineExceededError(""), true, 1s);

  const Metrics metrics = metrics_of(tally);

  CHECK(at(metrics.writes, WriteVerb::kRotate).of(Outcome::kOk) == 1);
  CHECK(at(metrics.writes, WriteVerb::kRevoke).of(Outcome::kDeadlineExceeded) == 1);
  CHECK(at(metrics.writes, WriteVerb::kRevoke).latencies.sum == 1s + 400us);
  CHECK(metrics.writes_local == 1);
  CHECK(metrics.writes_remote == 1);
  CHECK(metrics.writes_failed == 1);
}

TEST_CASE("what many threads count at the same time is all counted", "[store]") {
  Tally tally;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&tally] {
      for (int call = 0; call < 1000; ++call) {
        tally.end_read(absl::OkStatus(), false, Tally::begin_read());
        tally.count_route(Sticky::kMiss, true);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  const Metrics metrics = metrics_of(tally);

  CHECK(metrics.reads_local_hit == 20'000);
  CHECK(at(metrics.sticky, Sticky::kMiss) == 20'000);
  CHECK(metrics.routes_stale == 20'000);
}

TEST_CASE("a step of a histogram holds what took at most its bound", "[store]") {
  CHECK(Latencies::bucket_of(0ns) == 0);
  CHECK(Latencies::bucket_of(250ns) == 0);
  CHECK(Latencies::bucket_of(251ns) == 1);
  CHECK(Latencies::bucket_of(1ms) == 12);
  CHECK(Latencies::bound(12) == 1024us);
  CHECK(Latencies::bucket_of(24h) == Latencies::kBuckets - 1);
}

}  // namespace sojourn::store
