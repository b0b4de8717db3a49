#pragma once

#include <atomic>
#include <chrono>

#include "base/time.h"

namespace sojourn::transport {

// When the connections of a process last brought answers to lookups, so that each knows whether
// others do. What hangs brings none, and is forgotten by itself.
//
// Safe from any thread. Who asks while another writes may be told what was a moment ago.
class AnswerTimes {
 public:
  // Longer than it takes to hear from each of many members that are asked at the same time, and
  // shorter than anybody waits for one that hangs.
  static constexpr Duration kLately = std::chrono::milliseconds(2);

  // `connection` brought some.
  void note(const void* connection, Time now) {
    if (last_.load(std::memory_order_relaxed) != connection) {
      before_at_.store(last_at_.load(std::memory_order_relaxed), std::memory_order_relaxed);
      last_.store(connection, std::memory_order_relaxed);
    }
    last_at_.store(now, std::memory_order_relaxed);
  }

  // Whether another one did lately.
  bool others(const void* connection, Time now) const {
    const bool is_last = last_.load(std::memory_order_relaxed) == connection;
    const Time at = (is_last ? before_at_ : last_at_).load(std::memory_order_relaxed);
    return at != Time() && now - at < kLately;
  }

 private:
  // The connection that was the last one; when it was, and when one that is not it last was.
  std::atomic<const void*> last_{nullptr};
  std::atomic<Time> last_at_{};
  std::atomic<Time> before_at_{};
};

}  // namespace sojourn::transport
