#include "base/spin_lock.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn {
namespace {

TEST_CASE("one thread at a time is behind a spin lock", "[base]") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  SpinLock lock;
  int count = 0;
  const auto work = [&] {
    for (int i = 0; i < kRounds; ++i) {
      SpinLockHolder held(lock);
      ++count;
    }
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();

  CHECK(count == kThreads * kRounds);
}

TEST_CASE("a spin lock that is held for long is waited for", "[base]") {
  SpinLock lock;
  std::atomic<bool> arrived{false};
  bool released = false;
  bool seen = false;
  lock.lock();
  std::thread waiting([&] {
    arrived = true;
    SpinLockHolder held(lock);
    seen = released;
  });

  // Long enough that the other thread has given up spinning, on any machine but the busiest.
  while (!arrived) std::this_thread::yield();
  for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
  released = true;
  lock.unlock();
  waiting.join();

  CHECK(seen);
}

}  // namespace
}  // namespace sojourn
