#include "wire/operation_reader.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "session/record.h"
#include "wire/bounds.h"
#include "wire/operation_format.h"
#include "wire/part_reader.h"

namespace sojourn::wire {
namespace {

using replication::Apply;
using replication::Chunk;
using replication::ChunkAck;
using replication::Committed;
using replication::Counted;
using replication::Delivered;
using replication::DeliveredAck;
using replication::Found;
using replication::Gather;
using replication::Gathered;
using replication::Inquiry;
using replication::InStep;
using replication::Lookup;
using replication::Pull;
using replication::Pulled;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Standing;
using replication::Touched;
using replication::TouchedAck;
using replication::Undelivered;
using replication::Verdict;
using replication::VerdictAck;
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
  replicate.settled =
      replicate.operation.number -
      in.integer_up_to(replicate.operation.number, "its caller has settled calls below zero");
  const std::uint64_t count =
      in.integer_up_to(kEntriesMax, "a write changes more than 64 sessions");
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view id = in.any_id();
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
  in.read_occurrence(replicate);
}

void read(PartReader& in, ReplicateAck& ack) {
  ack.segment = in.segment();
  ack.version = in.version();
  ack.keeps_events = in.boolean();
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
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    Undelivered& each = in_step.events.emplace_back();
    each.segment = in.segment();
    each.event = in.event();
  }
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
  chunk.copies = in.copies();
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    chunk.events.push_back(in.event());
  }
  chunk.remembered = in.remembered();
}

void read(PartReader& in, ChunkAck& ack) {
  ack.segment = in.segment();
  ack.transfer = in.integer();
  ack.index = read_index(in);
}

void read(PartReader& in, Pulled& pulled) { pulled.segments = in.segments(); }

void read(PartReader& in, Gather& gather) {
  gather.number = in.integer();
  gather.settled = in.integer();
  const Duration time_left = in.duration(kTimeLeftMax, "the time left is beyond 24 hours");
  gather.time_left = std::max(time_left - in.waited(), Duration::zero());
  gather.inquiry = in.inquiry();
  gather.key = in.key();
  if (gather.inquiry == Inquiry::kList) {
    gather.after = in.id_or_nothing();
    gather.limit = static_cast<std::uint32_t>(
        in.integer_up_to(replication::kPageMax, "a page has more than 1000 sessions"));
  } else if (gather.inquiry == Inquiry::kEnd) {
    gather.except = in.id_or_nothing();
    const std::uint64_t count =
        in.integer_up_to(kMembersMax, "more callers were overtaken than a view has members");
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      const Incarnation caller = {in.fixed64()};
      gather.overtaken.push_back({.caller = caller, .below = in.integer()});
    }
  }
}

void read(PartReader& in, Gathered& gathered) {
  gathered.number = in.integer();
  gathered.inquiry = in.inquiry();
  gathered.status = in.result().status;
  if (!gathered.status.ok()) return;
  switch (gathered.inquiry) {
    case Inquiry::kList:
      gathered.more = in.boolean();
      gathered.sessions = in.copies();
      break;
    case Inquiry::kCount:
    case Inquiry::kHalt:
    case Inquiry::kEnd:
      gathered.count = in.integer();
      break;
    case Inquiry::kSurvey:
      for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
        Counted& session = gathered.counted.emplace_back();
        session.id = in.id();
        session.created_at =
            in.time_of_age(in.duration(kAgeMax, "a session is older than it may be"));
      }
      gathered.waiting = in.operation_ids();
      break;
  }
}

void read(PartReader& in, Apply& apply) { apply.key = in.key(); }

void read(PartReader& in, Verdict& verdict) {
  verdict.number = in.integer();
  verdict.key = in.key();
  verdict.admitted = in.operation_ids();
  verdict.refused = in.operation_ids();
}

void read(PartReader& in, VerdictAck& ack) {
  ack.number = in.integer();
  ack.key = in.key();
}
void read(PartReader& in, Delivered& delivered) {
  delivered.number = in.integer();
  for (std::uint64_t left = in.count(); left > 0 && in.ok(); --left) {
    Delivered::Segment& each = delivered.segments.emplace_back();
    each.segment = in.segment();
    each.below = in.version();
  }
}

void read(PartReader& in, DeliveredAck& ack) { ack.number = in.integer(); }

template <typename Message>
void read_into(PartReader& in, node::Envelope& envelope) {
  read(in, envelope.message.emplace<Message>());
}

void read(PartReader& in, const OperationsHeader& header, Lookup& lookup) {
  lookup.number = in.integer();
  const Duration time_left = in.duration(kTimeLeftMax, "the time left is beyond 24 hours");
  lookup.time_left = std::max(time_left - header.waited, Duration::zero());
  const std::uint8_t asked = in.byte();
  if (asked > (kLookupTouches | kLookupWantsRecord)) in.refuse("it asks for what is unknown");
  lookup.touch = (asked & kLookupTouches) != 0;
  lookup.wants_record = (asked & kLookupWantsRecord) != 0;
  lookup.id = in.any_id();
}

void read_since(PartReader& in, const OperationsHeader& header) {
  in.set_waited(header.waited -
                in.duration(header.waited, "it began to wait after the frame was sent"));
}

void read(PartReader& in, const OperationsHeader& header, Found& found) {
  read_since(in, header);
  found.number = in.integer();
  found.declined = in.boolean();
  if (!found.declined) found.result = in.result();
}

void read(PartReader& in, const OperationsHeader& header, OperationKind kind,
          node::Envelope& envelope) {
  envelope.generation = in.integer();
  envelope.epoch = in.integer();
  read_since(in, header);
  switch (kind) {
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
    case OperationKind::kDelivered:
      read_into<Delivered>(in, envelope);
      break;
    case OperationKind::kDeliveredAck:
      read_into<DeliveredAck>(in, envelope);
      break;
    case OperationKind::kGather:
      read_into<Gather>(in, envelope);
      break;
    case OperationKind::kGathered:
      read_into<Gathered>(in, envelope);
      break;
    case OperationKind::kApply:
      read_into<Apply>(in, envelope);
      break;
    case OperationKind::kVerdict:
      read_into<Verdict>(in, envelope);
      break;
    case OperationKind::kVerdictAck:
      read_into<VerdictAck>(in, envelope);
      break;
    default:
      in.refuse("its kind is unknown");
  }
}

// Room for the messages that are still to come, most of which are of one kind. What a frame says of
// their number is not believed beyond what its bytes can hold.
template <typename Message>
Message& add_to(std::vector<Message>& messages, std::size_t left, std::size_t bytes) {
  constexpr std::size_t kUsualBytesMin = 16;
  if (messages.empty()) messages.reserve(std::min(left, bytes / kUsualBytesMin + 1));
  return messages.emplace_back();
}

}  // namespace

absl::Status decode_operations(std::string_view operations, const OperationsHeader& header,
                               Frame& frame) {
  PartReader in(operations, header.now);
  while (!in.at_end()) {
    if (frame.messages() == header.messages) {
      return absl::InvalidArgumentError("the frame has more messages than it says");
    }
    const std::size_t left = header.messages - frame.messages();
    const auto kind = static_cast<OperationKind>(in.byte());
    if (kind == OperationKind::kLookup) {
      read(in, header, add_to(frame.lookups, left, operations.size()));
    } else if (kind == OperationKind::kFound) {
      read(in, header, add_to(frame.found, left, operations.size()));
    } else {
      node::Envelope& envelope = add_to(frame.envelopes, left, operations.size());
      envelope.cluster = frame.cluster;
      envelope.from = frame.from;
      read(in, header, kind, envelope);
    }
    if (!in.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("message %d, %s: %s", frame.messages(), name_of(kind), in.wrong()));
    }
  }
  return absl::OkStatus();
}

}  // namespace sojourn::wire
