#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "replication/messages.h"
#include "replication/question.h"

namespace sojourn::wire {

// What writer and reader of a frame's `operations` agree on. The form itself stands in
// proto/sojourn/v1/peer.proto.

// The longest text that comes with a status; what is longer is cut.
inline constexpr std::size_t kStatusTextBytesMax = 512;

// Sessions that one write may change: the largest, a rename, changes two.
inline constexpr std::size_t kEntriesMax = 64;

// What else one message may list: uses, segments, copies, remembered results.
inline constexpr std::size_t kItemsMax = 65536;

// The longest time that a caller may have left. More is sent as this much.
inline constexpr Duration kTimeLeftMax = std::chrono::hours(24);

// The greatest age of a session: no lifetime is longer than 400 days, and it is gone soon after.
// More is sent as this much.
inline constexpr Duration kAgeMax = std::chrono::hours(24 * 800);

// The numbers of a session's record, of which many are read, in so many bytes each: of its
// lifetimes in seconds, its version, its age and how long it was not used in microseconds.
inline constexpr std::size_t kLifetimeBytes = 4;
inline constexpr std::size_t kEpochBytes = 4;
inline constexpr std::size_t kSequenceBytes = 6;
inline constexpr std::size_t kAgeBytes = 6;
static_assert(kAgeMax.count() < std::int64_t{1} << 8 * kAgeBytes);

// In the place of the size of an id, which is never empty: the id stands as IdText packs it.
inline constexpr std::uint8_t kPackedIdFollows = 0;

// What stands before the record of an entry. The numbers stand on the wire.
enum class EntryKind : std::uint8_t {
  kTombstone = 0,  // and no record
  kRecord = 1,
  kTaken = 32,  // a tombstone, and the record that it took away
};

// How long a message may have waited to be sent. It bounds sums of durations.
inline constexpr Duration kWaitedMax = std::chrono::hours(24);

// What few operations and records have stands behind the rest, and is announced by this bit of the
// verb or the phase: each the number of the field and its value, ascending, then 0. The others cost
// nothing.
inline constexpr std::uint8_t kMoreFollows = 0x80;

enum class Field : std::uint8_t {
  kEnd = 0,
  kRemembered = 16,
  kKeepId = 17,
  kOverlap = 18,
  kTimeLeft = 19,
  kTabSteps = 20,
  kShortenedTo = 21,
  kAliasOf = 22,
  kTabs = 23,
  kLabels = 48,
  kOvertaken = 49,
  kByLimit = 50,
  kTrace = 51,
};

// What one step of a patch does.
enum class StepKind : std::uint8_t {
  kErase = 0,
  kSet = 1,
  kTab = 16,
  kEraseInTab = 17,
  kSetInTab = 18,
};

// Added to the cause of a write: the number of its event, or the number below which events are
// delivered, is not the version of the write, and follows.
inline constexpr std::uint8_t kOtherNumber = 0x80;
inline constexpr std::uint8_t kOtherDelivered = 0x40;

// What a lookup asks for: bits of one byte.
inline constexpr std::uint8_t kLookupTouches = 1;
inline constexpr std::uint8_t kLookupWantsRecord = 2;

// The numbers stand on the wire.
enum class OperationKind : std::uint8_t {
  kNone = 0,  // not an operation
  kRequest = 1,
  kReply = 2,
  kReplicate = 3,
  kReplicateAck = 4,
  kCommitted = 5,
  kTouched = 6,
  kTouchedAck = 7,
  kPull = 8,
  kInStep = 9,
  kChunk = 10,
  kChunkAck = 11,
  kPulled = 12,
  kDelivered = 13,
  kDeliveredAck = 14,
  kLookup = 15,
  kFound = 16,
  kGather = 48,
  kGathered = 49,
  kApply = 50,
  kVerdict = 51,
  kVerdictAck = 52,
};

constexpr const char* name_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::kNone:
      break;
    case OperationKind::kRequest:
      return "Request";
    case OperationKind::kReply:
      return "Reply";
    case OperationKind::kReplicate:
      return "Replicate";
    case OperationKind::kReplicateAck:
      return "ReplicateAck";
    case OperationKind::kCommitted:
      return "Committed";
    case OperationKind::kTouched:
      return "Touched";
    case OperationKind::kTouchedAck:
      return "TouchedAck";
    case OperationKind::kPull:
      return "Pull";
    case OperationKind::kInStep:
      return "InStep";
    case OperationKind::kChunk:
      return "Chunk";
    case OperationKind::kChunkAck:
      return "ChunkAck";
    case OperationKind::kPulled:
      return "Pulled";
    case OperationKind::kDelivered:
      return "Delivered";
    case OperationKind::kDeliveredAck:
      return "DeliveredAck";
    case OperationKind::kLookup:
      return "Lookup";
    case OperationKind::kFound:
      return "Found";
    case OperationKind::kGather:
      return "Gather";
    case OperationKind::kGathered:
      return "Gathered";
    case OperationKind::kApply:
      return "Apply";
    case OperationKind::kVerdict:
      return "Verdict";
    case OperationKind::kVerdictAck:
      return "VerdictAck";
  }
  return "of no kind";
}

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
template <>
inline constexpr OperationKind kOperationKindOf<replication::Touched> = OperationKind::kTouched;
template <>
inline constexpr OperationKind kOperationKindOf<replication::TouchedAck> =
    OperationKind::kTouchedAck;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Pull> = OperationKind::kPull;
template <>
inline constexpr OperationKind kOperationKindOf<replication::InStep> = OperationKind::kInStep;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Chunk> = OperationKind::kChunk;
template <>
inline constexpr OperationKind kOperationKindOf<replication::ChunkAck> = OperationKind::kChunkAck;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Pulled> = OperationKind::kPulled;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Delivered> = OperationKind::kDelivered;
template <>
inline constexpr OperationKind kOperationKindOf<replication::DeliveredAck> =
    OperationKind::kDeliveredAck;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Gather> = OperationKind::kGather;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Gathered> = OperationKind::kGathered;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Apply> = OperationKind::kApply;
template <>
inline constexpr OperationKind kOperationKindOf<replication::Verdict> = OperationKind::kVerdict;
template <>
inline constexpr OperationKind kOperationKindOf<replication::VerdictAck> =
    OperationKind::kVerdictAck;

}  // namespace sojourn::wire
