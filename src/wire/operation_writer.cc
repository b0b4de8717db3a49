#include "wire/operation_writer.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "session/companion.h"
#include "session/record.h"
#include "sojourn/session.h"
#include "wire/operation_format.h"

namespace sojourn::wire {
namespace {

using replication::Apply;
using replication::Cause;
using replication::Chunk;
using replication::ChunkAck;
using replication::Committed;
using replication::Copy;
using replication::Counted;
using replication::Delivered;
using replication::DeliveredAck;
using replication::Entry;
using replication::Event;
using replication::Gather;
using replication::Gathered;
using replication::Inquiry;
using replication::InStep;
using replication::Key;
using replication::Operation;
using replication::Overtaken;
using replication::Pull;
using replication::Pulled;
using replication::Remembered;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Result;
using replication::Standing;
using replication::Touched;
using replication::TouchedAck;
using replication::Undelivered;
using replication::Verb;
using replication::Verdict;
using replication::VerdictAck;
using session::AttributeBlock;
using session::Record;

class Writer {
 public:
  Writer(std::string& out, Time now) : out_(out), now_(now) {}

  void byte(std::uint8_t value) { out_.byte(value); }
  void boolean(bool value) { out_.byte(value ? 1 : 0); }
  void integer(std::uint64_t value) { out_.varint(value); }
  void fixed64(std::uint64_t value) { out_.fixed64(value); }
  void text(std::string_view value) { out_.string(value); }
  void duration(Duration value, Duration max) {
    integer(static_cast<std::uint64_t>(std::clamp(value, Duration::zero(), max).count()));
  }

  void trace(const TraceContext& trace) {
    for (const std::uint8_t value : trace.trace_id) byte(value);
    for (const std::uint8_t value : trace.span_id) byte(value);
    byte(trace.flags);
  }

  void write(const Version& version);
  void write(const std::optional<Version>& expected);
  void write(const Lifetime& lifetime);
  void write(const std::vector<Attribute>& attributes);
  void write_attribute(std::string_view name, std::string_view value);
  void write(const std::vector<Patch::Step>& steps);
  void write(const std::vector<session::TabView>& tabs);
  void write_more(const Record& record);
  void write_more(const Operation& operation);
  void field(Field field) { byte(static_cast<std::uint8_t>(field)); }
  template <typename Text>
  void write_labels(const std::vector<Text>& labels);
  void write_with_id(const Record& record, Time last_seen);
  void write(const Record& record, Time last_seen);
  void write_companion(const Record& record);
  void write_lifetime(std::chrono::seconds lifetime);
  void write(const Operation& operation);
  void write(const Result& result);
  void write(const OperationId& operation);
  void write(const std::vector<SegmentId>& segments);
  void write(const std::vector<Remembered>& remembered);
  void write(const Event& event);
  void write_occurrence(const Replicate& replicate);

  void write(const Request& request);
  void write(const Reply& reply);
  void write(const Replicate& replicate);
  void write(const ReplicateAck& ack);
  void write(const Committed& committed);
  void write(const Touched& touched);
  void write(const TouchedAck& ack);
  void write(const Pull& pull);
  void write(const InStep& in_step);
  void write(const Chunk& chunk);
  void write(const ChunkAck& ack);
  void write(const Pulled& pulled);
  void write(const Delivered& delivered);
  void write(const DeliveredAck& ack);

  void write(const Key& key);
  void write(const std::vector<Copy>& copies);
  void write(const std::vector<OperationId>& operations);
  void write(const Gather& gather);
  void write(const Gathered& gathered);
  void write(const Apply& apply);
  void write(const Verdict& verdict);
  void write(const VerdictAck& ack);

 private:
  ByteWriter out_;
  const Time now_;
};

void Writer::write(const Version& version) {
  integer(version.epoch);
  integer(version.sequence);
}

void Writer::write(const std::optional<Version>& expected) {
  boolean(expected.has_value());
  if (expected) write(*expected);
}

void Writer::write(const Lifetime& lifetime) {
  integer(static_cast<std::uint64_t>(lifetime.idle.count()));
  integer(static_cast<std::uint64_t>(lifetime.absolute.count()));
}

void Writer::write(const std::vector<Attribute>& attributes) {
  integer(attributes.size());
  for (const auto& [name, value] : attributes) write_attribute(name, value);
}

void Writer::write_attribute(std::string_view name, std::string_view value) {
  char sizes[AttributeBlock::kSizesBytesMax];
  const char* const end = AttributeBlock::write_sizes(sizes, name.size(), value.size());
  out_.bytes({sizes, end});
  out_.bytes(name);
  out_.bytes(value);
}

void Writer::write(const std::vector<Patch::Step>& steps) {
  integer(steps.size());
  for (const Patch::Step& step : steps) {
    const StepKind kind = step.tab.empty()    ? (step.value ? StepKind::kSet : StepKind::kErase)
                          : step.name.empty() ? StepKind::kTab
                          : step.value        ? StepKind::kSetInTab
                                              : StepKind::kEraseInTab;
    byte(static_cast<std::uint8_t>(kind));
    if (!step.tab.empty()) text(step.tab);
    if (kind != StepKind::kTab) text(step.name);
    if (step.value) text(*step.value);
  }
}

void Writer::write(const std::vector<session::TabView>& tabs) {
  integer(tabs.size());
  for (const session::TabView& tab : tabs) {
    text(tab.name);
    integer(tab.attributes.size());
    for (const auto& [name, value] : tab.attributes) write_attribute(name, value);
  }
}

bool has_more(const Record& record) {
  return record.is_remembered() || record.shortened_to() || record.is_alias() ||
         record.has_tabs() || record.label_count() > 0;
}

bool has_more(const Operation& operation) {
  return operation.remembered || operation.keep_id || operation.overlap.count() != 0 ||
         operation.time_left || (operation.verb == Verb::kCreate && !operation.steps.empty()) ||
         !operation.labels.empty() || operation.overtaken ||
         operation.cause == Cause::kRevokedByLimit || operation.trace.is_valid();
}

template <typename Text>
void Writer::write_labels(const std::vector<Text>& labels) {
  if (labels.empty()) return;
  field(Field::kLabels);
  integer(labels.size());
  for (const Text& label : labels) text(label);
}

void Writer::write_more(const Record& record) {
  if (record.is_remembered()) field(Field::kRemembered);
  if (record.shortened_to()) {
    field(Field::kShortenedTo);
    duration(*record.shortened_to(), kAgeMax);
  }
  if (record.is_alias()) {
    field(Field::kAliasOf);
    text(record.alias_of());
  }
  if (record.has_tabs()) {
    field(Field::kTabs);
    write(tabs_of(record));
  }
  write_labels(record.labels());
  field(Field::kEnd);
}

void Writer::write_more(const Operation& operation) {
  if (operation.remembered) field(Field::kRemembered);
  if (operation.keep_id) field(Field::kKeepId);
  if (operation.overlap.count() != 0) {
    field(Field::kOverlap);
    integer(static_cast<std::uint64_t>(operation.overlap.count()));
  }
  if (operation.time_left) {
    field(Field::kTimeLeft);
    integer(static_cast<std::uint64_t>(operation.time_left->count()));
  }
  if (operation.verb == Verb::kCreate && !operation.steps.empty()) {
    field(Field::kTabSteps);
    write(operation.steps);
  }
  write_labels(operation.labels);
  if (operation.overtaken) field(Field::kOvertaken);
  if (operation.cause == Cause::kRevokedByLimit) field(Field::kByLimit);
  if (operation.trace.is_valid()) {
    field(Field::kTrace);
    trace(operation.trace);
  }
  field(Field::kEnd);
}

void Writer::write_lifetime(std::chrono::seconds lifetime) {
  integer(static_cast<std::uint64_t>(lifetime.count()));
}

void Writer::write_companion(const Record& record) {
  switch (session::kind_of(record.id())) {
    case session::Kind::kSingleUse:
      text(session::content_of(record));
      break;
    case session::Kind::kCounter:
      integer(session::count_of(record));
      break;
    case session::Kind::kRevokedToken:
    case session::Kind::kSession:
      break;
  }
  write_lifetime(record.lifetime().absolute);
  write(record.version());
  duration(now_ - record.created_at(), kAgeMax);
}

void Writer::write_with_id(const Record& record, Time last_seen) {
  if (const char* packed = record.packed_id()) {
    byte(kPackedIdFollows);
    out_.bytes({packed, session::IdText::kPackedSize});
  } else {
    text(record.id());
  }
  write(record, last_seen);
}

void Writer::write(const Record& record, Time last_seen) {
  if (record.is_companion()) return write_companion(record);
  const bool more = has_more(record);
  byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(record.phase()) |
                                 (more ? kMoreFollows : 0)));
  text(record.subject());
  const Lifetime lifetime = record.lifetime();
  out_.fixed<kLifetimeBytes>(static_cast<std::uint64_t>(lifetime.idle.count()));
  out_.fixed<kLifetimeBytes>(static_cast<std::uint64_t>(lifetime.absolute.count()));
  const Version version = record.version();
  out_.fixed<kEpochBytes>(version.epoch);
  out_.fixed<kSequenceBytes>(version.sequence);
  const Duration age = std::clamp(now_ - record.created_at(), Duration::zero(), kAgeMax);
  const Duration unseen = std::clamp(now_ - last_seen, Duration::zero(), age);
  out_.fixed<kAgeBytes>(static_cast<std::uint64_t>(age.count()));
  out_.fixed<kAgeBytes>(static_cast<std::uint64_t>(unseen.count()));
  const AttributeBlock attributes = record.attributes();
  integer(attributes.count);
  out_.bytes(attributes.bytes);
  if (more) write_more(record);
}

void Writer::write(const Operation& operation) {
  const bool more = has_more(operation);
  byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(operation.verb) |
                                 (more ? kMoreFollows : 0)));
  text(operation.id);
  switch (operation.verb) {
    case Verb::kCreate:
      byte(static_cast<std::uint8_t>(operation.phase));
      text(operation.subject);
      write(operation.lifetime);
      write(operation.attributes);
      break;
    case Verb::kGet:
      boolean(operation.touch);
      break;
    case Verb::kUpdate:
      write(operation.attributes);
      write(operation.expected_version.value_or(Version{}));
      break;
    case Verb::kPatch:
      write(operation.steps);
      write(operation.expected_version);
      break;
    case Verb::kAuthenticate:
      text(operation.subject);
      write(operation.lifetime);
      write(operation.steps);
      write(operation.expected_version);
      break;
    case Verb::kEraseTab:
      text(operation.tab);
      break;
    case Verb::kPutOnce:
      text(operation.value);
      write_lifetime(operation.lifetime.absolute);
      break;
    case Verb::kAdd:
      integer(operation.amount);
      write_lifetime(operation.lifetime.absolute);
      break;
    case Verb::kRevokeToken:
      write_lifetime(operation.lifetime.absolute);
      break;
    case Verb::kTouch:
    case Verb::kRotate:
    case Verb::kRevoke:
    case Verb::kTake:
    case Verb::kLook:
    case Verb::kResetCounter:
      break;
  }
  if (more) write_more(operation);
}

void Writer::write(const Result& result) {
  const absl::Status& status = result.status;
  integer(static_cast<std::uint64_t>(status.code()));
  if (!status.ok()) {
    text({status.message().data(), std::min(status.message().size(), kStatusTextBytesMax)});
    return;
  }
  boolean(static_cast<bool>(result.record));
  if (result.record) write_with_id(*result.record, result.last_seen);
}

void Writer::write(const OperationId& operation) {
  fixed64(operation.caller.value);
  integer(operation.number);
}

void Writer::write(const std::vector<SegmentId>& segments) {
  integer(segments.size());
  for (const SegmentId segment : segments) integer(segment.value);
}

void Writer::write(const std::vector<Remembered>& remembered) {
  integer(remembered.size());
  for (const Remembered& each : remembered) {
    write(each.operation);
    integer(each.segment.value);
    write(each.result);
  }
}

void Writer::write(const Request& request) {
  integer(request.number);
  integer(request.settled);
  duration(request.time_left, kTimeLeftMax);
  write(request.operation);
}

void Writer::write(const Reply& reply) {
  integer(reply.number);
  write(reply.result);
}

void Writer::write(const Replicate& replicate) {
  integer(replicate.segment.value);
  write(replicate.version);
  write(replicate.committed);
  write(replicate.operation);
  integer(replicate.operation.number - replicate.settled);
  integer(replicate.entries.size());
  for (const Entry& entry : replicate.entries) {
    text(entry.id);
    const session::RecordRef& record = entry.record ? entry.record : entry.taken;
    const EntryKind kind = entry.record  ? EntryKind::kRecord
                           : entry.taken ? EntryKind::kTaken
                                         : EntryKind::kTombstone;
    byte(static_cast<std::uint8_t>(kind));
    if (record) write(*record, record->last_seen());
  }
  write_occurrence(replicate);
}

void Writer::write_occurrence(const Replicate& replicate) {
  const replication::Occurrence& occurrence = replicate.occurrence;
  const bool other_number = occurrence.number != replicate.version;
  const bool other_delivered = replicate.delivered_below != replicate.version;
  byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(occurrence.cause) |
                                 (other_number ? kOtherNumber : 0) |
                                 (other_delivered ? kOtherDelivered : 0)));
  if (other_number) write(occurrence.number);
  if (other_delivered) write(replicate.delivered_below);
  if (!is_end(occurrence.cause)) return;
  byte(static_cast<std::uint8_t>(occurrence.phase));
  text(occurrence.subject);
}

void Writer::write(const Event& event) {
  byte(static_cast<std::uint8_t>(event.cause));
  write(event.number);
  if (event.cause == Cause::kMissed) return integer(event.missed);
  write(event.version);
  text(event.id);
  boolean(!event.previous_id.empty());
  if (!event.previous_id.empty()) text(event.previous_id);
  byte(static_cast<std::uint8_t>(event.phase));
  text(event.subject);
}

void Writer::write(const ReplicateAck& ack) {
  integer(ack.segment.value);
  write(ack.version);
  boolean(ack.keeps_events);
}

void Writer::write(const Committed& committed) {
  integer(committed.segment.value);
  write(committed.version);
}

void Writer::write(const Touched& touched) {
  integer(touched.number);
  integer(touched.uses.size());
  for (const Touched::Use& use : touched.uses) {
    text(use.id);
    duration(now_ - use.last_seen, kAgeMax);
  }
}

void Writer::write(const TouchedAck& ack) { integer(ack.number); }

void Writer::write(const Pull& pull) {
  integer(pull.segments.size());
  for (const Standing& standing : pull.segments) {
    integer(standing.segment.value);
    fixed64(standing.digest);
  }
}

void Writer::write(const InStep& in_step) {
  write(in_step.segments);
  write(in_step.remembered);
  integer(in_step.events.size());
  for (const Undelivered& each : in_step.events) {
    integer(each.segment.value);
    write(each.event);
  }
  boolean(in_step.compared);
}

void Writer::write(const Chunk& chunk) {
  integer(chunk.segment.value);
  integer(chunk.transfer);
  integer(chunk.index);
  boolean(chunk.last);
  write(chunk.copies);
  integer(chunk.events.size());
  for (const Event& event : chunk.events) write(event);
  write(chunk.remembered);
}

void Writer::write(const ChunkAck& ack) {
  integer(ack.segment.value);
  integer(ack.transfer);
  integer(ack.index);
}

void Writer::write(const Pulled& pulled) { write(pulled.segments); }

void Writer::write(const Delivered& delivered) {
  integer(delivered.number);
  integer(delivered.segments.size());
  for (const Delivered::Segment& each : delivered.segments) {
    integer(each.segment.value);
    write(each.below);
  }
}

void Writer::write(const DeliveredAck& ack) { integer(ack.number); }

// Questions about all sessions with a key.

void Writer::write(const Key& key) {
  byte(static_cast<std::uint8_t>(key.kind));
  text(key.text);
}

void Writer::write(const std::vector<Copy>& copies) {
  integer(copies.size());
  for (const Copy& copy : copies) {
    // The record is in a table: its bookkeeping is not ours to read.
    write_with_id(*copy.record, copy.last_seen);
  }
}

void Writer::write(const std::vector<OperationId>& operations) {
  integer(operations.size());
  for (const OperationId& operation : operations) write(operation);
}

void Writer::write(const Gather& gather) {
  integer(gather.number);
  integer(gather.settled);
  duration(gather.time_left, kTimeLeftMax);
  byte(static_cast<std::uint8_t>(gather.inquiry));
  write(gather.key);
  if (gather.inquiry == Inquiry::kList) {
    text(gather.after);
    integer(gather.limit);
  } else if (gather.inquiry == Inquiry::kEnd) {
    text(gather.except);
    integer(gather.overtaken.size());
    for (const Overtaken& one : gather.overtaken) {
      fixed64(one.caller.value);
      integer(one.below);
    }
  }
}

void Writer::write(const Gathered& gathered) {
  integer(gathered.number);
  byte(static_cast<std::uint8_t>(gathered.inquiry));
  write(Result{.status = gathered.status});
  if (!gathered.status.ok()) return;
  switch (gathered.inquiry) {
    case Inquiry::kList:
      boolean(gathered.more);
      write(gathered.sessions);
      break;
    case Inquiry::kCount:
    case Inquiry::kHalt:
    case Inquiry::kEnd:
      integer(gathered.count);
      break;
    case Inquiry::kSurvey:
      integer(gathered.counted.size());
      for (const Counted& session : gathered.counted) {
        text(session.id);
        duration(now_ - session.created_at, kAgeMax);
      }
      write(gathered.waiting);
      break;
  }
}

void Writer::write(const Apply& apply) { write(apply.key); }

void Writer::write(const Verdict& verdict) {
  integer(verdict.number);
  write(verdict.key);
  write(verdict.admitted);
  write(verdict.refused);
}

void Writer::write(const VerdictAck& ack) {
  integer(ack.number);
  write(ack.key);
}

}  // namespace

bool is_operation(const node::Message& message) {
  return std::visit(
      []<typename Message>(const Message&) {
        return kOperationKindOf<Message> != OperationKind::kNone;
      },
      message);
}

void append_operation(const node::Envelope& envelope, Duration since, Time now, std::string& out) {
  std::visit(
      [&]<typename Message>(const Message& message) {
        if constexpr (kOperationKindOf<Message> != OperationKind::kNone) {
          Writer writer(out, now);
          writer.byte(static_cast<std::uint8_t>(kOperationKindOf<Message>));
          writer.integer(envelope.generation);
          writer.integer(envelope.epoch);
          writer.duration(since, kWaitedMax);
          writer.write(message);
        } else {
          assert(false && "a control message");
        }
      },
      envelope.message);
}

void append_lookup(const replication::Lookup& lookup, std::string& out) {
  Writer writer(out, {});
  writer.byte(static_cast<std::uint8_t>(OperationKind::kLookup));
  writer.integer(lookup.number);
  writer.duration(lookup.time_left, kTimeLeftMax);
  writer.byte(static_cast<std::uint8_t>((lookup.touch ? kLookupTouches : 0) |
                                        (lookup.wants_record ? kLookupWantsRecord : 0)));
  writer.text(lookup.id);
}

void append_found(const replication::Found& found, Duration since, Time now, std::string& out) {
  Writer writer(out, now);
  writer.byte(static_cast<std::uint8_t>(OperationKind::kFound));
  writer.duration(since, kWaitedMax);
  writer.integer(found.number);
  writer.boolean(found.declined);
  if (!found.declined) writer.write(found.result);
}

}  // namespace sojourn::wire
