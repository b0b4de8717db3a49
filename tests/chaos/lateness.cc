#include "chaos/lateness.h"

#include <chrono>
#include <utility>

namespace sojourn::chaos {
namespace {

constexpr std::chrono::milliseconds kSleep{5};

}  // namespace

Lateness::Lateness() : thread_([this] { measure(); }) {}

Lateness::~Lateness() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopped_changed_.notify_all();
  thread_.join();
}

Sample Lateness::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(late_, {});
}

void Lateness::measure() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const Clock::time_point due = Clock::now() + kSleep;
    if (stopped_changed_.wait_until(lock, due, [&] { return stopped_; })) return;
    late_.add(std::chrono::duration_cast<Microseconds>(Clock::now() - due));
  }
}

}  // namespace sojourn::chaos
