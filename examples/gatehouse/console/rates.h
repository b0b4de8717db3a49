#pragma once

#include <sojourn/metrics.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace gatehouse {

// Something that this member counts, and how fast it grows.
struct Rate {
  std::string_view title = {};
  double per_second = 0;    // over the last seconds
  std::uint64_t total = 0;  // since the start
  // How many there were between each two samples, oldest first.
  std::vector<std::uint64_t> course = {};
};

// Requests by the route of their session cookie; see sojourn::Sticky.
struct StickyHits {
  std::uint64_t hit = 0;
  std::uint64_t miss = 0;
  std::uint64_t unknown = 0;
  std::uint64_t none = 0;

  // Those whose cookie named a member: what a balancer could follow.
  std::uint64_t routed() const { return hit + miss; }
};

// What this member counted over the last minute, from a sample each second. Not safe from several
// threads.
class Rates {
 public:
  using Clock = std::chrono::steady_clock;

  // Samples come in the order of their times.
  void add(Clock::time_point now, const sojourn::Metrics& metrics);

  // Empty before the first sample.
  std::vector<Rate> rates() const;
  // Of the last minute, and since the start.
  StickyHits sticky_lately() const;
  StickyHits sticky_ever() const;

 private:
  static constexpr std::size_t kRows = 11;
  struct Sample {
    Clock::time_point at = {};
    std::array<std::uint64_t, kRows> counts = {};
    StickyHits sticky = {};
  };
  struct Row {
    std::string_view title = {};
    std::uint64_t (*count)(const sojourn::Metrics&) = nullptr;
  };
  static const std::array<Row, kRows>& rows();

  std::deque<Sample> samples_;
};

}  // namespace gatehouse
