#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace gatehouse {

// Tells when there are so many cookies that lead nowhere that somebody may be guessing ids. Some
// are usual: browsers keep the cookies of sessions that have ended.
//
// Safe from any thread.
class OddCookies {
 public:
  using Clock = std::chrono::steady_clock;

  // In one minute: how many are told one by one, and how many are worth an alarm. What comes in
  // masses must not fill the log.
  static constexpr std::uint64_t kToldMax = 10;
  static constexpr std::uint64_t kAlarm = 100;

  struct Verdict {
    bool tell = false;
    // At most once a minute.
    bool alarm = false;
  };

  // Counts so many more. Time must not go back by more than the threads' order makes it.
  Verdict count(std::uint64_t cookies, Clock::time_point now);

 private:
  std::mutex mutex_;
  // Guarded by mutex_.
  Clock::time_point minute_ = {};
  std::uint64_t counted_ = 0;
};

}  // namespace gatehouse
