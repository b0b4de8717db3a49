#include "chaos/figures.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstddef>

namespace sojourn::chaos {
namespace {

double milliseconds(Microseconds duration) { return static_cast<double>(duration.count()) / 1000; }

// "1.2 / 3.4 / 5.6": p50, p99, max.
std::string three(const Sample& sample) {
  if (sample.empty()) return "-";
  return absl::StrFormat("%.0f / %.0f / %.0f", milliseconds(sample.quantile(500)),
                         milliseconds(sample.quantile(990)), milliseconds(sample.max()));
}

std::string two(const Sample& sample) {
  if (sample.empty()) return "-";
  return absl::StrFormat("%.2f / %.2f", milliseconds(sample.quantile(500)),
                         milliseconds(sample.quantile(990)));
}

std::string json_of(const Sample& sample) {
  return absl::StrFormat(R"({"count": %d, "p50": %.3f, "p99": %.3f, "max": %.3f})", sample.size(),
                         milliseconds(sample.quantile(500)), milliseconds(sample.quantile(990)),
                         milliseconds(sample.max()));
}

}  // namespace

void Sample::add(const Sample& other) {
  durations_.insert(durations_.end(), other.durations_.begin(), other.durations_.end());
}

Microseconds Sample::quantile(int thousandths) const {
  if (durations_.empty()) return Microseconds(0);
  std::vector<Microseconds> sorted = durations_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t rank =
      (sorted.size() * static_cast<std::size_t>(thousandths) + 999) / 1000;  // from 1
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::uint64_t Figures::faults() const {
  std::uint64_t faults = 0;
  for (const auto& [name, phase] : phases_) faults += phase.faults;
  return faults;
}

std::uint64_t Figures::requests() const {
  std::uint64_t requests = 0;
  for (const auto& [name, phase] : phases_) {
    requests += phase.reads.size() + phase.writes.size() + phase.unanswered;
  }
  return requests;
}

std::string Figures::table() const {
  std::string text =
      "| during | times | reads, ms p50 / p99 | writes, ms p50 / p99 | requests | unanswered | "
      "calls failed early | machine late, ms p99 / max |\n|---|---|---|---|---|---|---|---|\n";
  for (const auto& [name, phase] : phases_) {
    text += absl::StrFormat(
        "| %s | %s | %s | %s | %d | %d | %d | %.0f / %.0f |\n", name,
        phase.faults == 0 ? "-" : std::to_string(phase.faults), two(phase.reads), two(phase.writes),
        phase.reads.size() + phase.writes.size() + phase.unanswered, phase.unanswered,
        phase.failed_early, milliseconds(phase.late.quantile(990)), milliseconds(phase.late.max()));
  }
  text +=
      "\n| fault | sessions watched | unreadable, ms p50 / p99 / max | unwritable, ms p50 / p99 / "
      "max | all safe again after, ms p50 / p99 / max |\n|---|---|---|---|---|\n";
  for (const auto& [name, phase] : phases_) {
    if (phase.faults == 0) continue;
    text += absl::StrFormat(
        "| %s | %d | %s | %s | %s |\n", name, phase.unreadable.size() + phase.unwritable.size(),
        three(phase.unreadable), three(phase.unwritable), three(phase.recovery));
  }
  return text;
}

std::string Figures::json() const {
  std::string text = "{";
  for (const auto& [name, phase] : phases_) {
    std::string failures;
    for (const auto& [status, count] : phase.failures) {
      failures += absl::StrFormat(R"(%s"%s": %d)", failures.empty() ? "" : ", ", status, count);
    }
    text += absl::StrFormat(
        "%s\n    \"%s\": {\"faults\": %d, \"reads_ms\": %s, \"writes_ms\": %s, "
        "\"unreadable_ms\": %s, \"unwritable_ms\": %s, \"recovery_ms\": %s, "
        "\"machine_late_ms\": %s, "
        "\"unanswered\": %d, \"failed_early\": %d, \"failures\": {%s}}",
        text.size() == 1 ? "" : ",", name, phase.faults, json_of(phase.reads),
        json_of(phase.writes), json_of(phase.unreadable), json_of(phase.unwritable),
        json_of(phase.recovery), json_of(phase.late), phase.unanswered, phase.failed_early,
        failures);
  }
  return text + "\n  }";
}

}  // namespace sojourn::chaos
