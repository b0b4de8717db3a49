#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "node/messages.h"

namespace sojourn::wire {

// The largest, a view of kMembersMax members with the longest names, has about 400 KiB.
inline constexpr std::size_t kControlBytesMax = std::size_t{512} << 10;

inline constexpr std::size_t kMembersMax = 1024;
inline constexpr std::uint32_t kSegmentsMax = 65536;
inline constexpr std::uint32_t kCopiesMax = 5;
inline constexpr std::uint32_t kCapacityMax = 1000;

// A host name of 253 characters, or an IPv6 address in brackets, and a port.
inline constexpr std::size_t kAddressBytesMax = 262;

// Appends a control message as one of a frame's `controls`, tag included. The message is none of
// those that is_operation() names.
void append_control(const node::Envelope& envelope, std::string& out);

// Puts the control message that `bytes` spell, its generation and its epoch into `envelope`.
// kInvalidArgument, saying what is wrong, if it is not as it should be.
absl::Status decode_control(std::string_view bytes, node::Envelope& envelope);

}  // namespace sojourn::wire
