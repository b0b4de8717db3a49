#include "base/spin_lock.h"

#include <chrono>
#include <thread>

namespace sojourn {
namespace {

// About a microsecond of looking; then a few turns of other threads; then rest.
constexpr int kLooks = 100;
constexpr int kYields = 20;
constexpr std::chrono::microseconds kRest(50);

// Tells the processor that this is a loop of waiting.
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void SpinLock::wait_and_lock() {
  int waited = 0;
  do {
    // Only looking leaves the cache line where the holder can give the lock back.
    while (held_.load(std::memory_order_relaxed)) {
      ++waited;
      if (waited < kLooks) {
        pause();
      } else if (waited < kLooks + kYields) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(kRest);
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace sojourn
