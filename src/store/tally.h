#pragma once

#include <absl/status/status.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "replication/operation.h"
#include "sojourn/metrics.h"

namespace sojourn::store {

Outcome outcome_of(const absl::Status& status);

// What the callers of this member asked for, counted and measured. Each thread counts in one of a
// few stripes, so that threads do not wait for each other's cache lines; a count is one relaxed
// addition.
//
// Safe from any thread.
class Tally {
 public:
  using Clock = std::chrono::steady_clock;

  // Begins a read that is not answered on the caller's thread. Says when if it is to be measured,
  // which is every 8th of a thread: looking at the clock is part of what it takes.
  static std::optional<Clock::time_point> begin_read();
  // It was answered, by another member or this one.
  void end_read(const absl::Status& status, bool remote, std::optional<Clock::time_point> begun);

  // The verb is one that writes a session.
  void count_write(replication::Verb verb, const absl::Status& status, bool remote,
                   Clock::duration took);
  void count_companion(const absl::Status& status, bool remote);
  void count_question(const absl::Status& status);
  void count_route(Sticky sticky, bool stale);
  void count_rejected(CookieFault fault, std::uint64_t cookies);

  // What was counted so far, into the fields that are counters of this member's callers.
  void add_to(Metrics& metrics) const;
  // And reads that were answered on their callers' threads, which are counted elsewhere.
  static void add_reads_here(std::uint64_t hits, std::uint64_t misses, Metrics& metrics);

 private:
  using Count = std::atomic<std::uint64_t>;
  static constexpr std::size_t kStripes = 16;
  static constexpr std::size_t kCacheLine = 64;

  struct Calls {
    std::array<Count, kOutcomeNames.size()> outcomes = {};
    std::array<Count, Latencies::kBuckets> counts = {};
    Count nanoseconds{0};

    void count(Outcome outcome);
    void measure(Clock::duration took);
    void add_to(CallMetrics& calls) const;
  };
  struct alignas(kCacheLine) Stripe {
    std::array<Calls, kPlaceNames.size()> reads;
    std::array<Calls, kWriteVerbNames.size()> writes;
    Count writes_local{0}, writes_remote{0}, writes_failed{0};
    Count companions_local{0}, companions_remote{0}, companions_failed{0};
    Count questions_answered{0}, questions_failed{0};
    std::array<Count, kStickyNames.size()> sticky = {};
    Count routes_stale{0};
    std::array<Count, kCookieFaultNames.size()> cookies_rejected = {};
  };

  // That of the calling thread.
  Stripe& stripe();

  std::vector<Stripe> stripes_{kStripes};
};

}  // namespace sojourn::store
