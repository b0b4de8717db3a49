#include "store/last_refusal.h"

#include <chrono>

namespace sojourn::store {
namespace {

// A little more than the ten seconds after which the transport says it again.
constexpr Duration kRecent = std::chrono::seconds(15);

}  // namespace

void LastRefusal::note(Time now, const std::string& reason) {
  MutexLock lock(mutex_);
  reason_ = reason;
  at_ = now;
}

std::string LastRefusal::recent(Time now) const {
  MutexLock lock(mutex_);
  if (reason_.empty() || now - at_ > kRecent) return {};
  return "; " + reason_;
}

}  // namespace sojourn::store
