#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "node/messages.h"

namespace sojourn::wire {

// The largest holds a layout of 1024 members with the longest names (360 KiB) and of 65536 segments
// with 5 holders each (704 KiB), all of which were lost once (896 KiB).
inline constexpr std::size_t kControlBytesMax = std::size_t{2} << 20;

// Appends a control message as one of a frame's `controls`, tag included. The message is none of
// those that is_operation() names.
void append_control(const node::Envelope& envelope, std::string& out);

// Puts the control message that `bytes` spell, its generation and its epoch into `envelope`.
// kInvalidArgument, saying what is wrong, if it is not as it should be.
absl::Status decode_control(std::string_view bytes, node::Envelope& envelope);

}  // namespace sojourn::wire
