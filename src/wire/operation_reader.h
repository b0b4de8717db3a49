#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "node/messages.h"

namespace sojourn::wire {

// What a frame says about all its messages.
struct OperationsFrame {
  std::uint64_t cluster = 0;
  Incarnation from = {};
  // When it arrived, and how long ago it had been begun when it was sent.
  Time now = {};
  Duration waited = {};
};

// Appends the messages in `operations` to `envelopes`, which may hold `messages_max` in the end.
// kInvalidArgument, naming the message and what is wrong with it, at the first that is not as it
// should be; `envelopes` is of no use then.
absl::Status decode_operations(std::string_view operations, const OperationsFrame& frame,
                               std::size_t messages_max, std::vector<node::Envelope>& envelopes);

}  // namespace sojourn::wire
