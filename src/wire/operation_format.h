#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "replication/messages.h"

namespace sojourn::wire {

// What writer and reader of a frame's `operations` agree on. The form itself stands in
// proto/sojourn/v1/peer.proto.

// The longest text that comes with a status; what is longer is cut.
inline constexpr std::size_t kStatusTextBytesMax = 512;

// Sessions that one write may change: the largest, a rename, changes two.
inline constexpr std::size_t kEntriesMax = 64;

// The longest time that a caller may have left. More is sent as this much.
inline constexpr Duration kTimeLeftMax = std::chrono::hours(24);

// The greatest age of a session: no lifetime is longer than 400 days, and it is gone soon after.
// More is sent as this much.
inline constexpr Duration kAgeMax = std::chrono::hours(24 * 800);

// How long a message may have waited to be sent. It bounds sums of durations.
inline constexpr Duration kWaitedMax = std::chrono::hours(24);

// The numbers stand on the wire.
enum class OperationKind : std::uint8_t {
  kNone = 0,  // not an operation
  kRequest = 1,
  kReply = 2,
  kReplicate = 3,
  kReplicateAck = 4,
  kCommitted = 5,
};

inline constexpr std::array<const char*, 6> kOperationKindNames = {
    "of no kind", "Request", "Reply", "Replicate", "ReplicateAck", "Committed"};

template <typename Message>
inline constexpr OperationKind kOperationKindOf = OperationKind::kNone;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Request> = OperationKind::kRequest;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Reply> = OperationKind::kReply;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Replicate> = OperationKind::kReplicate;
template <>
inline constexpr OperationKind kOperationKindOf<replication::ReplicateAck> =
    OperationKind::kReplicateAck;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Committed> = OperationKind::kCommitted;

}  // namespace sojourn::wire
