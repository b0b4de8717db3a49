#pragma once

#include <absl/status/status.h>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <cstddef>
#include <latch>
#include <mutex>
#include <utility>
#include <vector>

#include "latencies.h"

namespace load {

// So many callers, each of whom begins its next operation when one has ended.
// `Start` is called with what to call with the operation's status when it has ended, and must not
// call it at once. Calls may end on any thread; one of them is handled at a time.
template <typename Start>
class Callers {
 public:
  class Done {
   public:
    Done(Callers& callers, std::size_t caller) : callers_(&callers), caller_(caller) {}
    void operator()(const absl::Status& status) const { callers_->end(caller_, status); }

   private:
    Callers* callers_;
    std::size_t caller_;
  };

  Callers(std::size_t callers, Recorder& recorder, Start start)
      : started_(callers),
        ended_(static_cast<std::ptrdiff_t>(callers)),
        recorder_(recorder),
        start_(std::move(start)) {}

  // Returns when the recorder's window is over and the last operation has ended.
  void run(const asio::any_io_executor& executor) {
    for (std::size_t i = 0; i < started_.size(); ++i) {
      asio::post(executor, [this, i] {
        const std::lock_guard lock(turn_);
        begin(i, Clock::now());
      });
    }
    ended_.wait();
    // The last has let go of everything.
    const std::lock_guard lock(turn_);
  }

 private:
  void begin(std::size_t caller, Clock::time_point now) {
    if (recorder_.is_over(now)) return ended_.count_down();
    started_[caller] = now;
    start_(Done(*this, caller));
  }
  void end(std::size_t caller, const absl::Status& status) {
    const std::lock_guard lock(turn_);
    const Clock::time_point now = Clock::now();
    recorder_.add(started_[caller], now, status.ok());
    if (!status.ok()) recorder_.explain(status.ToString());
    begin(caller, now);
  }

  std::mutex turn_;
  std::vector<Clock::time_point> started_;
  std::latch ended_;
  Recorder& recorder_;
  Start start_;
};

}  // namespace load
