#pragma once

#include <string>

#include "base/mutex.h"
#include "base/time.h"

namespace sojourn::store {

// Why a member was refused, or refused this one, the last time that it happened. While the reason
// lasts the transport repeats it every ten seconds; what is older is over.
//
// Safe from any thread.
class LastRefusal {
 public:
  void note(Time now, const std::string& reason);

  // What is to be added to the words that say whom this member waits for; empty if there was no
  // refusal of late.
  std::string recent(Time now) const;

 private:
  mutable Mutex mutex_;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  Time at_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace sojourn::store
