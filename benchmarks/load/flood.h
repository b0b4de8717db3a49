#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "latencies.h"

namespace load {

struct FloodSettings {
  std::size_t callers = 4096;
  // Calls a second that are begun, as far as there are callers without one under way.
  double rate = 1e6;
  double warm_seconds = 0.2;
  double seconds = 1;
};

// Calls that come whether or not earlier ones have been answered, as they do when more users come
// than there is room for. What is refused is not repeated.
//
// `Start` is called, on the thread that calls run(), with what to call with the operation's status
// when it has ended, on any thread and exactly once.
template <typename Start>
class Flood {
 public:
  class Done {
   public:
    Done(Flood& flood, std::size_t caller) : flood_(&flood), caller_(caller) {}
    void operator()(const absl::Status& status) const { flood_->end(caller_, status); }

   private:
    Flood* flood_;
    std::size_t caller_;
  };

  Flood(const FloodSettings& settings, Start start)
      : settings_(settings),
        start_(std::move(start)),
        started_(settings.callers),
        idle_(settings.callers) {
    std::iota(idle_.begin(), idle_.end(), std::size_t{0});
  }

  // Returns when all have ended.
  nlohmann::json run() {
    const auto begin = Clock::now();
    double due_from = 0;
    bool counts = false;
    for (double elapsed = 0; elapsed < settings_.warm_seconds + settings_.seconds;) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
      elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
      if (!counts && elapsed >= settings_.warm_seconds) {
        const std::lock_guard lock(mutex_);
        counted_ = {};
        counts = true;
      }
      for (; due_from < elapsed; due_from += 1 / settings_.rate) offer();
    }
    Counted counted;
    {
      const std::lock_guard lock(mutex_);
      counted = counted_;
    }
    while (unfinished() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto each_second = [&](std::uint64_t count) {
      return static_cast<double>(count) / settings_.seconds;
    };
    return {{"offered_per_second", each_second(counted.offered)},
            {"answered_per_second", each_second(counted.answered.count())},
            {"refused_per_second", each_second(counted.refused.count())},
            {"lost_per_second", each_second(counted.lost)},
            {"answered", counted.answered.summary()},
            {"refused", counted.refused.summary()}};
  }

 private:
  struct Counted {
    // Those for which there was no caller included.
    std::uint64_t offered = 0;
    Latencies answered;
    // At a bound, at once; nothing has happened.
    Latencies refused;
    // Anything else.
    std::uint64_t lost = 0;
  };

  void offer() {
    std::size_t caller = 0;
    {
      const std::lock_guard lock(mutex_);
      ++counted_.offered;
      if (idle_.empty()) return;
      caller = idle_.back();
      idle_.pop_back();
      started_[caller] = Clock::now();
    }
    start_(Done(*this, caller));
  }
  void end(std::size_t caller, const absl::Status& status) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    if (status.ok()) {
      counted_.answered.add(now - started_[caller]);
    } else if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) {
      counted_.refused.add(now - started_[caller]);
    } else {
      ++counted_.lost;
    }
    idle_.push_back(caller);
  }
  std::size_t unfinished() {
    const std::lock_guard lock(mutex_);
    return settings_.callers - idle_.size();
  }

  const FloodSettings settings_;
  const Start start_;
  std::mutex mutex_;
  std::vector<Clock::time_point> started_;
  std::vector<std::size_t> idle_;
  Counted counted_;
};

}  // namespace load
