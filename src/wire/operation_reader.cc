#include "wire/operation_reader.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "session/record.h"
#include "wire/operation_format.h"
#include "wire/part_reader.h"

namespace sojourn::wire {
namespace {

using replication::Chunk;
using replication::ChunkAck;
using replication::Committed;
using replication::InStep;
using replication::Pull;
using replication::Pulled;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Standing;
using replication::Touched;
using replication::TouchedAck;
using session::RecordRef;

void read(PartReader& in, Request& request) {
  request.number = in.integer();
  request.settled = in.integer();
  const Duration time_left = in.duration(kTimeLeftMax, "the time left is beyond 24 hours");
  request.time_left = std::max(time_left - in.waited(), Duration::zero());
  request.operation = in.operation();
}

void read(PartReader& in, Reply& reply) {
  reply.number = in.integer();
  reply.result = in.result();
}

void read(PartReader& in, Replicate& replicate) {
  replicate.segment = in.segment();
  replicate.version = in.version();
  replicate.committed = in.version();
  replicate.operation = in.operation_id();
  const std::uint64_t count =
      in.integer_up_to(kEntriesMax, "a write changes more than 64 sessions");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view id = in.key();
    replication::Entry& entry = replicate.entries.emplace_back();
    entry.id = id;
    switch (static_cast<EntryKind>(in.byte())) {
      case EntryKind::kTombstone:
        break;
      case EntryKind::kRecord:
        entry.record = in.record(id);
        break;
      case EntryKind::kTaken:
        entry.taken = in.record(id);
        break;
      default:
        in.refuse("an entry is of an unknown kind");
    }
  }
}

void read(PartReader& in, ReplicateAck& ack) {
  ack.segment = in.segment();
  ack.version = in.version();
}

void read(PartReader& in, Committed& committed) {
  committed.segment = in.segment();
  committed.version = in.version();
}

void read(PartReader& in, Touched& touched) {
  touched.number = in.integer();
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    Touched::Use& use = touched.uses.emplace_back();
    use.id = in.id();
    use.last_seen =
        in.time_of_age(in.duration(kAgeMax, "a session was last seen longer ago than it may be"));
  }
}

void read(PartReader& in, TouchedAck& ack) { ack.number = in.integer(); }

void read(PartReader& in, Pull& pull) {
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    Standing& standing = pull.segments.emplace_back();
    standing.segment = in.segment();
    standing.digest = in.fixed64();
  }
}

void read(PartReader& in, InStep& in_step) {
  in_step.segments = in.segments();
  in_step.remembered = in.remembered();
  in_step.compared = in.boolean();
}

std::uint32_t read_index(PartReader& in) {
  return static_cast<std::uint32_t>(in.integer_up_to(std::numeric_limits<std::uint32_t>::max(),
                                                     "a chunk's index has more than 32 bits"));
}

void read(PartReader& in, Chunk& chunk) {
  chunk.segment = in.segment();
  chunk.transfer = in.integer();
  chunk.index = read_index(in);
  chunk.last = in.boolean();
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    RecordRef record = in.record(in.key());
    if (!record) return;
    const Time last_seen = record->bookkeeping().last_seen;
    chunk.copies.push_back({.record = std::move(record), .last_seen = last_seen});
  }
  chunk.remembered = in.remembered();
}

void read(PartReader& in, ChunkAck& ack) {
  ack.segment = in.segment();
  ack.transfer = in.integer();
  ack.index = read_index(in);
}

void read(PartReader& in, Pulled& pulled) { pulled.segments = in.segments(); }

template <typename Message>
void read_into(PartReader& in, node::Envelope& envelope) {
  read(in, envelope.message.emplace<Message>());
}

}  // namespace

absl::Status decode_operations(std::string_view operations, const OperationsFrame& frame,
                               std::size_t messages_max, std::vector<node::Envelope>& envelopes) {
  PartReader in(operations, frame.now);
  while (!in.at_end()) {
    if (envelopes.size() == messages_max) {
      return absl::InvalidArgumentError("the frame has more messages than it says");
    }
    const std::uint8_t kind = in.byte();
    node::Envelope& envelope = envelopes.emplace_back();
    envelope.cluster = frame.cluster;
    envelope.from = frame.from;
    envelope.generation = in.integer();
    envelope.epoch = in.integer();
    in.set_waited(frame.waited -
                  in.duration(frame.waited, "it began to wait after the frame was sent"));
    switch (static_cast<OperationKind>(kind)) {
      case OperationKind::kRequest:
        read_into<Request>(in, envelope);
        break;
      case OperationKind::kReply:
        read_into<Reply>(in, envelope);
        break;
      case OperationKind::kReplicate:
        read_into<Replicate>(in, envelope);
        break;
      case OperationKind::kReplicateAck:
        read_into<ReplicateAck>(in, envelope);
        break;
      case OperationKind::kCommitted:
        read_into<Committed>(in, envelope);
        break;
      case OperationKind::kTouched:
        read_into<Touched>(in, envelope);
        break;
      case OperationKind::kTouchedAck:
        read_into<TouchedAck>(in, envelope);
        break;
      case OperationKind::kPull:
        read_into<Pull>(in, envelope);
        break;
      case OperationKind::kInStep:
        read_into<InStep>(in, envelope);
        break;
      case OperationKind::kChunk:
        read_into<Chunk>(in, envelope);
        break;
      case OperationKind::kChunkAck:
        read_into<ChunkAck>(in, envelope);
        break;
      case OperationKind::kPulled:
        read_into<Pulled>(in, envelope);
        break;
      default:
        in.refuse("its kind is unknown");
    }
    if (!in.ok()) {
      const bool known = kind < kOperationKindNames.size();
      return absl::InvalidArgumentError(
          absl::StrFormat("message %d, %s: %s", envelopes.size(),
                          known ? kOperationKindNames[kind] : kOperationKindNames[0], in.wrong()));
    }
  }
  return absl::OkStatus();
}

}  // namespace sojourn::wire
