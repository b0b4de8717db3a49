#include "discovery/bell.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace sojourn::discovery {

Bell::Bell() {
  std::array<int, 2> ends = {-1, -1};
  // Without a pipe poll() ignores the descriptor -1, and whoever waits sees has_rung() late.
  if (pipe(ends.data()) != 0) return;
  for (const int end : ends) (void)fcntl(end, F_SETFD, FD_CLOEXEC);  // no harm if children have it
  read_end_ = ends[0];
  write_end_ = ends[1];
}

Bell::~Bell() {
  if (read_end_ >= 0) close(read_end_);
  if (write_end_ >= 0) close(write_end_);
}

void Bell::ring() {
  if (rung_.exchange(true) || write_end_ < 0) return;
  // A new pipe takes a byte.
  const char byte = 0;
  (void)!write(write_end_, &byte, 1);
}

}  // namespace sojourn::discovery
