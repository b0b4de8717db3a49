#include "gatehouse/console/rates.h"

#include <algorithm>
#include <cstddef>

namespace gatehouse {
namespace {

using sojourn::Metrics;

// A minute, and the sample before it.
constexpr std::size_t kSamplesMax = 61;
// How many steps a rate is the mean of.
constexpr std::size_t kSteps = 10;

}  // namespace

const std::array<Rates::Row, Rates::kRows>& Rates::rows() {
  static constexpr std::array<Row, kRows> kAll = {{
      {"Reads answered here",
       [](const Metrics& metrics) { return metrics.reads_local_hit + metrics.reads_local_miss; }},
      {"Reads answered by another member",
       [](const Metrics& metrics) { return metrics.reads_remote_hit + metrics.reads_remote_miss; }},
      {"Reads of what is not there",
       [](const Metrics& metrics) { return metrics.reads_local_miss + metrics.reads_remote_miss; }},
      {"Reads that failed", [](const Metrics& metrics) { return metrics.reads_failed; }},
      {"Writes answered here", [](const Metrics& metrics) { return metrics.writes_local; }},
      {"Writes answered by another member",
       [](const Metrics& metrics) { return metrics.writes_remote; }},
      {"Writes that failed", [](const Metrics& metrics) { return metrics.writes_failed; }},
      {"Calls for counters, single-use values and revoked tokens",
       [](const Metrics& metrics) {
         return metrics.companion_calls_local + metrics.companion_calls_remote;
       }},
      {"Questions about all sessions of somebody",
       [](const Metrics& metrics) { return metrics.questions_answered; }},
      {"Requests of other members answered",
       [](const Metrics& metrics) { return metrics.requests_served; }},
      {"Sessions whose time was up", [](const Metrics& metrics) { return metrics.expired; }},
  }};
  return kAll;
}

void Rates::add(Clock::time_point now, const Metrics& metrics) {
  const auto requests = [&metrics](sojourn::Sticky sticky) {
    return metrics.sticky[static_cast<std::size_t>(sticky)];
  };
  Sample sample = {.at = now,
                   .sticky = {.hit = requests(sojourn::Sticky::kHit),
                              .miss = requests(sojourn::Sticky::kMiss),
                              .unknown = requests(sojourn::Sticky::kUnknown),
                              .none = requests(sojourn::Sticky::kNone)}};
  std::ranges::transform(rows(), sample.counts.begin(),
                         [&metrics](const Row& row) { return row.count(metrics); });
  samples_.push_back(sample);
  if (samples_.size() > kSamplesMax) samples_.pop_front();
}

std::vector<Rate> Rates::rates() const {
  std::vector<Rate> rates;
  if (samples_.empty()) return rates;
  const Sample& last = samples_.back();
  const Sample& first = samples_[samples_.size() - std::min(samples_.size(), kSteps + 1)];
  const std::chrono::duration<double> time = last.at - first.at;
  for (std::size_t row = 0; row < kRows; ++row) {
    Rate rate = {.title = rows()[row].title, .total = last.counts[row]};
    if (time.count() > 0) {
      rate.per_second = static_cast<double>(last.counts[row] - first.counts[row]) / time.count();
    }
    for (std::size_t i = 1; i < samples_.size(); ++i) {
      rate.course.push_back(samples_[i].counts[row] - samples_[i - 1].counts[row]);
    }
    rates.push_back(std::move(rate));
  }
  return rates;
}

StickyHits Rates::sticky_lately() const {
  if (samples_.empty()) return {};
  const StickyHits& then = samples_.front().sticky;
  const StickyHits& now = samples_.back().sticky;
  return {.hit = now.hit - then.hit,
          .miss = now.miss - then.miss,
          .unknown = now.unknown - then.unknown,
          .none = now.none - then.none};
}

StickyHits Rates::sticky_ever() const {
  return samples_.empty() ? StickyHits() : samples_.back().sticky;
}

}  // namespace gatehouse
