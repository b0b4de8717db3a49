#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

// How long operations took, counted in classes that are less than 1 % wide. Adding one is a few
// instructions and no allocation, so that recording costs all who are compared the same little.
class Latencies {
 public:
  void add(std::chrono::nanoseconds took) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    ++classes_[std::min(class_of(value), kClasses - 1)];
    ++count_;
    slowest_ = std::max(slowest_, value);
  }

  std::uint64_t count() const { return count_; }

  // The nanoseconds that so large a part (0 to 1) stayed within; 0 if there were none.
  double percentile(double part) const {
    const auto rank =
        static_cast<std::uint64_t>(part * static_cast<double>(count_ == 0 ? 0 : count_ - 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kClasses; ++i) {
      seen += classes_[i];
      if (seen > rank) return middle_of(i);
    }
    return 0;
  }

  // In microseconds.
  nlohmann::json summary() const {
    return {{"p50_us", percentile(0.5) / 1e3},
            {"p99_us", percentile(0.99) / 1e3},
            {"p999_us", percentile(0.999) / 1e3},
            {"max_us", static_cast<double>(slowest_) / 1e3}};
  }

 private:
  // Below 2^kBits each nanosecond is a class; above, each power of two has 2^kBits of them.
  static constexpr int kBits = 7;
  static constexpr std::size_t kPerPower = std::size_t{1} << kBits;
  static constexpr std::size_t kClasses = kPerPower * 40;

  static std::size_t class_of(std::uint64_t value) {
    if (value < kPerPower) return value;
    const int shift = std::bit_width(value) - kBits - 1;
    return static_cast<std::size_t>(shift) * kPerPower + (value >> shift);
  }
  static double middle_of(std::size_t number) {
    if (number < 2 * kPerPower) return static_cast<double>(number);
    const std::size_t shift = number / kPerPower - 1;
    const std::size_t lowest = (number - shift * kPerPower) << shift;
    return static_cast<double>(lowest) + static_cast<double>(std::size_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, kClasses> classes_{};
  std::uint64_t count_ = 0;
  std::uint64_t slowest_ = 0;
};

// When each operation ended, and how long it took.
using Samples = std::vector<std::pair<Clock::time_point, std::chrono::nanoseconds>>;

// What a driver records during one command: operations that end before the window opens only warm
// things up.
class Recorder {
 public:
  Recorder(double warm_seconds, double seconds)
      : begin_(Clock::now()),
        opens_(begin_ + of(warm_seconds)),
        closes_(opens_ + of(seconds)),
        seconds_(seconds) {}

  // Every operation is noted there as well.
  void keep_in(Samples& samples) { kept_ = &samples; }

  bool is_over(Clock::time_point now) const { return now >= closes_; }

  void add(Clock::time_point started, Clock::time_point ended, bool ok) {
    ++operations_;
    failed_ += ok ? 0 : 1;
    if (ended >= opens_ && ended < closes_) latencies_.add(ended - started);
    if (kept_ != nullptr) kept_->emplace_back(ended, ended - started);
  }

  // Why operations failed; the first reason is told.
  void explain(const std::string& failure) {
    if (failure_.empty()) failure_ = failure;
  }

  nlohmann::json summary() const {
    nlohmann::json summary = latencies_.summary();
    if (!failure_.empty()) summary["failure"] = failure_;
    summary["per_second"] = static_cast<double>(latencies_.count()) / seconds_;
    summary["operations"] = operations_;  // the warming ones included
    summary["failed"] = failed_;
    return summary;
  }

 private:
  static Clock::duration of(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  const Clock::time_point begin_;
  const Clock::time_point opens_;
  const Clock::time_point closes_;
  const double seconds_;
  Latencies latencies_;
  std::uint64_t operations_ = 0;
  std::uint64_t failed_ = 0;
  std::string failure_;
  Samples* kept_ = nullptr;
};

}  // namespace load
