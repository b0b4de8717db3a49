#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
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

// What a write leaves under one id: a record, or nothing (a tombstone).
struct Entry {
  std::string id = {};
  session::RecordRef record = {};
};

// The primary's write, for a backup to apply whole or not at all.
struct Replicate {
  SegmentId segment = {};
  Version version = {};
  // Every write of the segment up to and including this one was acknowledged by all its writers.
  Version committed = {};
  // The operation that it carries out; nobody's for the store's own, such as expiry.
  OperationId operation = {};
  std::vector<Entry> entries = {};
};

// The backup holds the write of that version.
struct ReplicateAck {
  SegmentId segment = {};
  Version version = {};
};

// Tells a backup how far a segment is committed when no write comes along to say so.
struct Committed {
  SegmentId segment = {};
  Version version = {};
};

}  // namespace sojourn::replication
