#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "replication/event.h"
#include "replication/operation.h"
#include "session/record.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// Asks the owner of a session to do something. Sent again, with the same number, until it is
// answered or its time is up.
struct Request {
  // The caller's number for it: with the sender's incarnation, the operation's id.
  std::uint64_t number = 0;
  // Every call of the sender below this number has ended: whatever still arrives of them is too
  // late.
  std::uint64_t settled = 0;
  // What is left of the caller's time when it is sent.
  Duration time_left = {};
  Operation operation = {};
};

// Answers the request of that number.
struct Reply {
  std::uint64_t number = 0;
  Result result = {};
};

// Asks the owner of a session or companion for what stands under an id, without a place in its
// order of things: it is answered at once by whichever thread reads it, or declined. Who is
// declined, or hears nothing, sends a Request.
struct Lookup {
  // The sender's number for it.
  std::uint64_t number = 0;
  // What is left of the caller's time when it is sent.
  Duration time_left = {};
  // Whether it counts as use, and whether the record is wanted or only whether there is one.
  bool touch = true;
  bool wants_record = true;
  // Borrowed: of what was decoded it lives as long as the bytes.
  std::string_view id = {};
};

// Answers the lookup of that number.
struct Found {
  std::uint64_t number = 0;
  // Its receiver could not answer at that moment; there is no result.
  bool declined = false;
  Result result = {};
};

// What a write leaves under one id: a record, or nothing (a tombstone). The records are in no
// table.
struct Entry {
  std::string id = {};
  session::RecordRef record = {};
  // With a tombstone: what it took away, if the operation answers with that. The others must
  // remember it too, or a repeat would find nothing to answer with.
  session::RecordRef taken = {};
};
// Mostly one.
using Entries = absl::InlinedVector<Entry, 1>;

// Of one.
inline Entries entries_of(std::string id, session::RecordRef record) {
  Entries entries;
  entries.push_back({std::move(id), std::move(record)});
  return entries;
}

// The primary's write, for a backup to apply whole or not at all.
struct Replicate {
  SegmentId segment = {};
  Version version = {};
  // Every write of the segment up to and including this one was acknowledged by all its writers.
  Version committed = {};
  // The operation that it carries out; nobody's for the store's own, such as expiry.
  OperationId operation = {};
  // Below which number every call of its caller has ended, as far as the primary knows.
  std::uint64_t settled = 0;
  Entries entries = {};
  // What happened, for subscribers; and the events of the segment below this number have been
  // delivered to those of the primary.
  Occurrence occurrence = {};
  Version delivered_below = {};
};

// The backup holds the write of that version.
struct ReplicateAck {
  SegmentId segment = {};
  Version version = {};
  // The backup keeps events, and wants to know which have been delivered.
  bool keeps_events = false;
};

// Tells a backup how far a segment is committed when no write comes along to say so.
struct Committed {
  SegmentId segment = {};
  Version version = {};
};

// Uses of sessions that the primary saw since it last told: so that a session that is read does not
// end early when its primary does. Told again until it is acknowledged.
struct Touched {
  struct Use {
    std::string id = {};
    Time last_seen = {};
  };
  // Counts the primary's batches to this receiver.
  std::uint64_t number = 0;
  std::vector<Use> uses = {};
};

struct TouchedAck {
  std::uint64_t number = 0;
};

// Tells a backup that keeps events which of them need to be kept no longer. Told again until it is
// acknowledged.
struct Delivered {
  struct Segment {
    SegmentId segment = {};
    // All events of the segment below this number have been delivered.
    Version below = {};
  };
  // Counts the primary's tellings to this receiver.
  std::uint64_t number = 0;
  std::vector<Segment> segments = {};
};

struct DeliveredAck {
  std::uint64_t number = 0;
};

// Bringing a writer's copy of a segment into step with the primary's. The writer pulls; the primary
// answers that they are in step already, or sends what it holds, in chunks.

// The state of one segment, so that equal states are known without sending them.
struct Standing {
  SegmentId segment = {};
  // Of the ids and versions of all its sessions; 0 if there are none.
  std::uint64_t digest = 0;
};

// The sender is a writer of these segments and wants to be in step.
struct Pull {
  std::vector<Standing> segments = {};
};

// How a mutation ended whose caller may still ask for it.
struct Remembered {
  OperationId operation = {};
  SegmentId segment = {};
  Result result = {};
};

// An event that may not have been delivered.
struct Undelivered {
  SegmentId segment = {};
  Event event = {};
};

// These segments are in step. If their states were compared, what is remembered of them, and the
// events, replace what the receiver has of these from earlier epochs. If not, the receiver is in
// step by the rules of writing: it may hold writes that the primary still has under way, and
// remembers them rightly.
struct InStep {
  std::vector<SegmentId> segments = {};
  std::vector<Remembered> remembered = {};
  std::vector<Undelivered> events = {};
  bool compared = true;
};

// A record with when it was last seen.
struct Copy {
  session::RecordRef record = {};
  Time last_seen = {};
};

// A piece of all that the primary holds of a segment.
struct Chunk {
  SegmentId segment = {};
  // Counts the transfers of the sender to this receiver: pieces of one that was given up must not
  // be taken for those of the next.
  std::uint64_t transfer = 0;
  // From 0.
  std::uint32_t index = 0;
  bool last = false;
  std::vector<Copy> copies = {};
  std::vector<Event> events = {};
  // All in the last.
  std::vector<Remembered> remembered = {};
};

// The receiver has that piece.
struct ChunkAck {
  SegmentId segment = {};
  std::uint64_t transfer = 0;
  std::uint32_t index = 0;
};

// The sender is in step with these segments of the receiver, the primary.
struct Pulled {
  std::vector<SegmentId> segments = {};
};

}  // namespace sojourn::replication
