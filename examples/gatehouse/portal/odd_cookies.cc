#include "gatehouse/portal/odd_cookies.h"

namespace gatehouse {

OddCookies::Verdict OddCookies::count(std::uint64_t cookies, Clock::time_point now) {
  if (cookies == 0) return {};
  const std::lock_guard lock(mutex_);
  if (counted_ == 0 || now - minute_ >= std::chrono::minutes(1)) {
    minute_ = now;
    counted_ = 0;
  }
  const std::uint64_t before = counted_;
  counted_ += cookies;
  return {.tell = before < kToldMax, .alarm = before < kAlarm && counted_ >= kAlarm};
}

}  // namespace gatehouse
