#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sojourn::store {

// A count for callers on many threads that are in a hurry: each thread adds to a stripe, which is a
// cache line of its own, and as a rule nobody else's. Safe from any thread.
class StripedCounter {
 public:
  void add() { stripes_[stripe()].count.fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t sum() const {
    std::uint64_t sum = 0;
    for (const Stripe& one : stripes_) sum += one.count.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Stripe {
    std::atomic<std::uint64_t> count{0};
  };
  static constexpr std::size_t kStripes = 16;

  // Threads get them in turn, each for good.
  static std::size_t stripe() {
    static std::atomic<std::size_t> threads{0};
    thread_local std::size_t mine = kStripes;
    if (mine == kStripes) mine = threads.fetch_add(1, std::memory_order_relaxed) % kStripes;
    return mine;
  }

  std::array<Stripe, kStripes> stripes_ = {};
};

}  // namespace sojourn::store
