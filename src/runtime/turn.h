#pragma once

#include <atomic>

namespace sojourn::runtime {

// Whose turn it is with something that is for one thread at a time. Unlike a mutex it may be tried
// by who has it already, which does not get it twice; and who waits goes before who tries.
//
// Safe from any thread.
class Turn {
 public:
  // Somebody has it in the beginning if `taken`, and gives it back.
  explicit Turn(bool taken) : taken_(taken) {}

  // Waits for it.
  void take() {
    waiting_.fetch_add(1);
    while (taken_.exchange(true)) taken_.wait(true);
    waiting_.fetch_sub(1);
  }

  // Whether this thread has it now: not if somebody has it, or waits for it.
  bool try_take() { return !is_waited_for() && !taken_.exchange(true); }

  void give_back() {
    taken_.store(false);
    if (is_waited_for()) taken_.notify_one();
  }

  // Whether somebody waits for it at this moment.
  bool is_waited_for() const { return waiting_.load() > 0; }

  // Has it while it lives.
  class Taken {
   public:
    explicit Taken(Turn& turn) : turn_(turn) { turn_.take(); }
    ~Taken() { turn_.give_back(); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

   private:
    Turn& turn_;
  };

 private:
  std::atomic<bool> taken_;
  std::atomic<int> waiting_{0};
};

}  // namespace sojourn::runtime
