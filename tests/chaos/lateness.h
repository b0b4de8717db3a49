#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "chaos/figures.h"

namespace sojourn::chaos {

// Measures how late the machine lets processes run: a thread that sleeps a few milliseconds again
// and again, and notes by how much too long. A member that is kept from its core for longer than a
// heartbeat looks like one that is paused, and no figure of a phase in which that happened says
// much about the store. Safe from any thread.
class Lateness {
 public:
  Lateness();
  ~Lateness();
  Lateness(const Lateness&) = delete;
  Lateness& operator=(const Lateness&) = delete;

  // What was noted since the last call.
  Sample take();

 private:
  void measure();

  std::mutex mutex_;
  std::condition_variable stopped_changed_;
  bool stopped_ = false;
  Sample late_;
  std::thread thread_;
};

}  // namespace sojourn::chaos
