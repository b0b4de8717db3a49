#pragma once

#include <atomic>

namespace sojourn::discovery {

// Wakes a thread that sleeps in poll(), for good. Safe from any thread.
class Bell {
 public:
  Bell();
  ~Bell();

  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring();
  bool has_rung() const { return rung_; }

  // Readable once it has rung.
  int descriptor() const { return read_end_; }

 private:
  std::atomic<bool> rung_{false};
  int read_end_ = -1;
  int write_end_ = -1;
};

}  // namespace sojourn::discovery
