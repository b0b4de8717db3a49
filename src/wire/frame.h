#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "node/messages.h"

namespace sojourn::wire {

// The version of everything that this module writes. Fields or kinds of messages are never added
// within one: a member that skipped what it does not know would compute other owners than the rest.
inline constexpr std::uint32_t kWireVersion = 1;

// gRPC refuses longer messages unless told otherwise. The largest messages that have bounds of
// their own, a patch that sets 128 attributes of 16 KiB and a layout of 65536 segments, have half
// of it; who sends lists of sessions or results sees to it that they fit.
inline constexpr std::size_t kFrameBytesMax = std::size_t{4} << 20;

// What a frame takes beside its messages, at most.
inline constexpr std::size_t kFrameHeaderBytesMax = 96;

inline constexpr std::size_t kMessageBytesMax = kFrameBytesMax - kFrameHeaderBytesMax;

// Bounds the memory that a frame of tiny messages takes once it is decoded. No message has fewer
// than four bytes, so a frame of 64 KiB cannot hold more.
inline constexpr std::size_t kMessagesMax = 16384;

// What one member sends to another in one piece: any number of messages, from none (a bare answer)
// to many. See proto/sojourn/v1/peer.proto for its form.
struct Frame {
  // Counts the frames of one connection in one direction, from 1.
  std::uint64_t number = 0;
  // The newest frame of the other direction that the sender had received; 0 before the first.
  std::uint64_t answers = 0;
  // Hash of the cluster's name.
  std::uint64_t cluster = 0;
  // Who sent it.
  Incarnation from = {};
  // Control messages first, the others after them, each in the order in which they were sent. All
  // carry the cluster and the incarnation of the frame.
  std::vector<node::Envelope> envelopes = {};
  // Beside them, because whoever reads the frame handles these at once.
  std::vector<replication::Lookup> lookups = {};
  std::vector<replication::Found> found = {};

  std::size_t messages() const { return envelopes.size() + lookups.size() + found.size(); }
};

// Whether the message is part of a bulk transfer, which takes a stream of its own so that it never
// delays the others.
inline bool is_bulk(const node::Message& message) {
  return std::holds_alternative<replication::Chunk>(message);
}

// The frame as bytes, sent at `now`. Times inside it travel as durations: how long ago a session
// was made and last seen, and how much of a caller's time is left. Ages below zero become zero. A
// record in a Replicate must not be in a table: its time of last use is read here. Of all other
// records the message itself says when they were last seen.
std::string encode_frame(const Frame& frame, Time now);

// The frame that `bytes` spell, received at `now`. Everything is checked here, once: what comes out
// is within the bounds of sojourn/session.h and of this module, so that engines need to check only
// what depends on their state (such as a segment's number against the view's). kInvalidArgument
// otherwise, with a message that says what is wrong and repeats nothing of the contents. Memory
// taken is proportional to the size of `bytes`, which the lookups' ids are views of.
absl::StatusOr<Frame> decode_frame(std::string_view bytes, Time now);

}  // namespace sojourn::wire
