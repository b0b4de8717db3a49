#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <string_view>

#include "base/time.h"
#include "wire/frame.h"

namespace sojourn::wire {

// What a frame says about all its messages.
struct OperationsHeader {
  // When it arrived, and how long ago it had been begun when it was sent.
  Time now = {};
  Duration waited = {};
  // How many it has in all.
  std::size_t messages = 0;
};

// Appends the messages in `operations` to those of the frame, whose cluster and sender they get.
// kInvalidArgument, naming the message and what is wrong with it, at the first that is not as it
// should be; the frame is of no use then.
absl::Status decode_operations(std::string_view operations, const OperationsHeader& header,
                               Frame& frame);

}  // namespace sojourn::wire
