#pragma once

#include <absl/status/status.h>

#include <cstddef>

namespace sojourn::transport {

// How many of several messages were queued: the first ones; and why not the others.
struct Taken {
  std::size_t count = 0;
  absl::Status status = {};
};

}  // namespace sojourn::transport
