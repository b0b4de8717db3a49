#include "store/tally.h"

#include <array>

namespace sojourn::store {
namespace {

using replication::Verb;

constexpr unsigned kReadsMeasuredOneIn = 8;

// Threads take the stripes in turn.
std::size_t number_of_this_thread() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t number = threads.fetch_add(1, std::memory_order_relaxed);
  return number;
}

void add(std::atomic<std::uint64_t>& count, std::uint64_t more = 1) {
  count.fetch_add(more, std::memory_order_relaxed);
}

std::uint64_t value(const std::atomic<std::uint64_t>& count) {
  return count.load(std::memory_order_relaxed);
}

template <typename Counts, typename Totals>
void add_all(const Counts& counts, Totals& totals) {
  for (std::size_t i = 0; i < counts.size(); ++i) totals[i] += value(counts[i]);
}

// Whether a call failed, rather than being told what it did not like to hear.
bool is_failure(Outcome outcome) {
  return outcome == Outcome::kUnavailable || outcome == Outcome::kDeadlineExceeded ||
         outcome == Outcome::kResourceExhausted || outcome == Outcome::kCancelled;
}

WriteVerb write_verb_of(Verb verb) {
  switch (verb) {
    case Verb::kUpdate:
      return WriteVerb::kUpdate;
    case Verb::kPatch:
      return WriteVerb::kPatch;
    case Verb::kAuthenticate:
      return WriteVerb::kAuthenticate;
    case Verb::kRotate:
      return WriteVerb::kRotate;
    case Verb::kRevoke:
      return WriteVerb::kRevoke;
    case Verb::kEraseTab:
      return WriteVerb::kEraseTab;
    default:
      return WriteVerb::kCreate;
  }
}

}  // namespace

Outcome outcome_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Outcome::kOk;
    case absl::StatusCode::kNotFound:
      return Outcome::kNotFound;
    case absl::StatusCode::kAborted:
      return Outcome::kAborted;
    case absl::StatusCode::kFailedPrecondition:
      return Outcome::kFailedPrecondition;
    case absl::StatusCode::kDataLoss:
      return Outcome::kDataLoss;
    case absl::StatusCode::kUnavailable:
      return Outcome::kUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
      return Outcome::kDeadlineExceeded;
    case absl::StatusCode::kResourceExhausted:
      return Outcome::kResourceExhausted;
    case absl::StatusCode::kCancelled:
      return Outcome::kCancelled;
    default:
      return Outcome::kOther;
  }
}

void Tally::Calls::count(Outcome outcome) { add(outcomes[static_cast<std::size_t>(outcome)]); }

void Tally::Calls::measure(Clock::duration took) {
  const auto exact = std::chrono::duration_cast<std::chrono::nanoseconds>(took);
  add(counts[Latencies::bucket_of(exact)]);
  add(nanoseconds, static_cast<std::uint64_t>(exact.count()));
}

void Tally::Calls::add_to(CallMetrics& calls) const {
  add_all(outcomes, calls.outcomes);
  add_all(counts, calls.latencies.counts);
  calls.latencies.sum += std::chrono::nanoseconds(value(nanoseconds));
}

Tally::Stripe& Tally::stripe() { return stripes_[number_of_this_thread() % kStripes]; }

std::optional<Tally::Clock::time_point> Tally::begin_read() {
  thread_local unsigned reads = 0;
  if (reads++ % kReadsMeasuredOneIn != 0) return std::nullopt;
  return Clock::now();
}

void Tally::end_read(const absl::Status& status, bool remote,
                     std::optional<Clock::time_point> begun) {
  Calls& calls = stripe().reads[static_cast<std::size_t>(remote ? Place::kRemote : Place::kLocal)];
  calls.count(outcome_of(status));
  if (begun) calls.measure(Clock::now() - *begun);
}

void Tally::count_write(Verb verb, const absl::Status& status, bool remote, Clock::duration took) {
  Stripe& stripe = this->stripe();
  const Outcome outcome = outcome_of(status);
  Calls& calls = stripe.writes[static_cast<std::size_t>(write_verb_of(verb))];
  calls.count(outcome);
  calls.measure(took);
  add(is_failure(outcome) ? stripe.writes_failed
      : remote            ? stripe.writes_remote
                          : stripe.writes_local);
}

void Tally::count_companion(const absl::Status& status, bool remote) {
  Stripe& stripe = this->stripe();
  add(is_failure(outcome_of(status)) ? stripe.companions_failed
      : remote                       ? stripe.companions_remote
                                     : stripe.companions_local);
}

void Tally::count_question(const absl::Status& status) {
  Stripe& stripe = this->stripe();
  add(status.ok() ? stripe.questions_answered : stripe.questions_failed);
}

void Tally::count_route(Sticky sticky, bool stale) {
  Stripe& stripe = this->stripe();
  add(stripe.sticky[static_cast<std::size_t>(sticky)]);
  if (stale) add(stripe.routes_stale);
}

void Tally::count_rejected(CookieFault fault, std::uint64_t cookies) {
  add(stripe().cookies_rejected[static_cast<std::size_t>(fault)], cookies);
}

void Tally::add_to(Metrics& metrics) const {
  for (const Stripe& stripe : stripes_) {
    for (std::size_t i = 0; i < stripe.reads.size(); ++i) stripe.reads[i].add_to(metrics.reads[i]);
    for (std::size_t i = 0; i < stripe.writes.size(); ++i) {
      stripe.writes[i].add_to(metrics.writes[i]);
    }
    metrics.writes_local += value(stripe.writes_local);
    metrics.writes_remote += value(stripe.writes_remote);
    metrics.writes_failed += value(stripe.writes_failed);
    metrics.companion_calls_local += value(stripe.companions_local);
    metrics.companion_calls_remote += value(stripe.companions_remote);
    metrics.companion_calls_failed += value(stripe.companions_failed);
    metrics.questions_answered += value(stripe.questions_answered);
    metrics.questions_failed += value(stripe.questions_failed);
    add_all(stripe.sticky, metrics.sticky);
    metrics.routes_stale += value(stripe.routes_stale);
    add_all(stripe.cookies_rejected, metrics.cookies_rejected);
  }
  for (std::size_t place = 0; place < metrics.reads.size(); ++place) {
    const CallMetrics& reads = metrics.reads[place];
    const bool remote = place == static_cast<std::size_t>(Place::kRemote);
    for (std::size_t i = 0; i < reads.outcomes.size(); ++i) {
      const auto outcome = static_cast<Outcome>(i);
      auto& count = is_failure(outcome) ? metrics.reads_failed
                    : outcome == Outcome::kOk
                        ? (remote ? metrics.reads_remote_hit : metrics.reads_local_hit)
                        : (remote ? metrics.reads_remote_miss : metrics.reads_local_miss);
      count += reads.outcomes[i];
    }
  }
}

void Tally::add_reads_here(std::uint64_t hits, std::uint64_t misses, Metrics& metrics) {
  CallMetrics& local = metrics.reads[static_cast<std::size_t>(Place::kLocal)];
  local.outcomes[static_cast<std::size_t>(Outcome::kOk)] += hits;
  local.outcomes[static_cast<std::size_t>(Outcome::kNotFound)] += misses;
  metrics.reads_local_hit += hits;
  metrics.reads_local_miss += misses;
}

}  // namespace sojourn::store
