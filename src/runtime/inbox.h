#pragma once

#include <utility>
#include <vector>

#include "base/mutex.h"

namespace sojourn::runtime {

// What other threads have for one thread, which takes all of it at once: a wake-up costs more than
// most of what is waited for, so only whoever finds the inbox empty causes one.
//
// Safe from any thread; take() by one thread at a time.
template <typename Item>
class Inbox {
 public:
  // Whether the taker must be woken: false if it was, and has not come yet.
  bool put(Item&& item) {
    MutexLock lock(mutex_);
    items_.push_back(std::move(item));
    return items_.size() == 1;
  }

  bool empty() const {
    MutexLock lock(mutex_);
    return items_.empty();
  }

  // All that is there, in order. What `emptied` has room for is used again.
  void take(std::vector<Item>& emptied) {
    emptied.clear();
    MutexLock lock(mutex_);
    std::swap(items_, emptied);
  }

 private:
  mutable Mutex mutex_;
  std::vector<Item> items_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sojourn::runtime
