#pragma once

#include <sojourn/v1/peer.pb.h>

#include <cstdint>

namespace sojourn::wire {

// What stands before each field of a v1::Frame. Frames are written and read field by field rather
// than by generated code: so the messages, which are nearly all of a frame, are not copied once
// more, and a frame is checked before it is given memory for what it claims to hold.

enum class WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2 };

constexpr std::uint32_t tag(int field_number, WireType type) {
  return static_cast<std::uint32_t>(field_number) << 3 | static_cast<std::uint32_t>(type);
}

inline constexpr std::uint32_t kWireVersionTag =
    tag(v1::Frame::kWireVersionFieldNumber, WireType::kVarint);
inline constexpr std::uint32_t kClusterTag =
    tag(v1::Frame::kClusterFieldNumber, WireType::kFixed64);
inline constexpr std::uint32_t kIncarnationTag =
    tag(v1::Frame::kIncarnationFieldNumber, WireType::kFixed64);
inline constexpr std::uint32_t kAnswersTag = tag(v1::Frame::kAnswersFieldNumber, WireType::kVarint);
inline constexpr std::uint32_t kWaitedTag = tag(v1::Frame::kWaitedUsFieldNumber, WireType::kVarint);
inline constexpr std::uint32_t kMessagesTag =
    tag(v1::Frame::kMessagesFieldNumber, WireType::kVarint);
inline constexpr std::uint32_t kNumberTag = tag(v1::Frame::kNumberFieldNumber, WireType::kVarint);
inline constexpr std::uint32_t kControlsTag =
    tag(v1::Frame::kControlsFieldNumber, WireType::kBytes);
inline constexpr std::uint32_t kOperationsTag =
    tag(v1::Frame::kOperationsFieldNumber, WireType::kBytes);

}  // namespace sojourn::wire
