#pragma once

#include <absl/base/thread_annotations.h>

#include <atomic>

namespace sojourn {

// A lock for sections of some hundred nanoseconds that are almost never contended. It costs half of
// what a mutex does, because giving it back is a plain store. Who has to wait spins for a moment,
// then gives its processor away, then sleeps in short intervals: so a holder that was interrupted
// can go on, also when it has a lower priority or there is one processor only. Not fair, and not
// recursive.
class ABSL_LOCKABLE SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (held_.exchange(true, std::memory_order_acquire)) wait_and_lock();
  }
  void unlock() ABSL_UNLOCK_FUNCTION() { held_.store(false, std::memory_order_release); }

 private:
  void wait_and_lock();

  std::atomic<bool> held_{false};
};

class ABSL_SCOPED_LOCKABLE SpinLockHolder {
 public:
  explicit SpinLockHolder(SpinLock& lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock) : lock_(lock) {
    lock_.lock();
  }
  ~SpinLockHolder() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }

  SpinLockHolder(const SpinLockHolder&) = delete;
  SpinLockHolder& operator=(const SpinLockHolder&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace sojourn
