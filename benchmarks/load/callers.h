#pragma once

#include <absl/status/status.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cstddef>
#include <utility>
#include <vector>

#include "latencies.h"

namespace load {

// So many callers on one thread, each of whom begins its next operation when one has ended.
// `Start` is called with what to call with the operation's status when it has ended, and must not
// call it at once.
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
      : started_(callers), recorder_(recorder), start_(std::move(start)) {}

  // Returns when the recorder's window is over and the last operation has ended.
  void run(asio::io_context& context) {
    for (std::size_t i = 0; i < started_.size(); ++i) {
      asio::post(context, [this, i] { begin(i, Clock::now()); });
    }
    context.run();
    context.restart();
  }

 private:
  void begin(std::size_t caller, Clock::time_point now) {
    if (recorder_.is_over(now)) return;
    started_[caller] = now;
    start_(Done(*this, caller));
  }
  void end(std::size_t caller, const absl::Status& status) {
    const Clock::time_point now = Clock::now();
    recorder_.add(started_[caller], now, status.ok());
    if (!status.ok()) recorder_.explain(status.ToString());
    begin(caller, now);
  }

  std::vector<Clock::time_point> started_;
  Recorder& recorder_;
  Start start_;
};

}  // namespace load
