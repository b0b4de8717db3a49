#include "wire/operation_reader.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "session/limits.h"
#include "session/record.h"
#include "sojourn/session.h"
#include "sojourn/session_id.h"
#include "wire/controls.h"
#include "wire/operation_format.h"

namespace sojourn::wire {
namespace {

using replication::Committed;
using replication::Operation;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Verb;
using session::AttributeView;
using session::Record;
using session::RecordRef;

// Reads and checks the parts of messages. After the first that is not as it should be, everything
// reads as zero or empty and wrong() says what it was.
class Reader {
 public:
  Reader(std::string_view in, Time now) : in_(in), now_(now) {}

  bool at_end() const { return in_.at_end(); }
  bool ok() const { return in_.ok(); }
  const char* wrong() const {
    return wrong_ ? wrong_ : "it is cut short or has a malformed number";
  }

  void refuse(const char* why) {
    if (in_.ok()) wrong_ = why;
    in_.fail();
  }

  // How long the message that follows has waited until it was sent. Durations are as of its start.
  void set_waited(Duration waited) { waited_ = waited; }

  std::uint8_t byte() { return in_.byte(); }
  std::uint64_t integer() { return in_.varint(); }
  std::uint64_t fixed64() { return in_.fixed64(); }
  bool boolean();
  std::uint64_t integer_up_to(std::uint64_t max, const char* why);
  Duration duration(Duration max, const char* why);
  std::string_view text(std::size_t size_max, const char* why);

  std::string_view id();
  SegmentId segment();
  Phase phase();
  std::string_view subject(Phase phase);
  Version version() { return {.epoch = integer(), .sequence = integer()}; }
  std::optional<Version> expected();
  Lifetime lifetime();
  // Views into the input, valid until the next call. `payload` bytes of the session are something
  // else.
  const std::vector<AttributeView>& attributes(std::size_t payload);
  std::vector<Attribute> owned_attributes(std::size_t payload);
  std::vector<Patch::Step> steps();
  RecordRef record(std::string_view id);
  Operation operation();

  void read(Request& request);
  void read(Reply& reply);
  void read(Replicate& replicate);
  void read(ReplicateAck& ack);
  void read(Committed& committed);

 private:
  std::string_view attribute_name();
  std::string_view attribute_value();

  ByteReader in_;
  const Time now_;
  Duration waited_ = {};
  const char* wrong_ = nullptr;
  std::vector<AttributeView> attributes_;
};

bool Reader::boolean() {
  const std::uint8_t value = byte();
  if (value > 1) refuse("a boolean is neither 0 nor 1");
  return value == 1;
}

std::uint64_t Reader::integer_up_to(std::uint64_t max, const char* why) {
  const std::uint64_t value = integer();
  if (value > max) refuse(why);
  return ok() ? value : 0;
}

Duration Reader::duration(Duration max, const char* why) {
  return Duration(integer_up_to(static_cast<std::uint64_t>(max.count()), why));
}

std::string_view Reader::text(std::size_t size_max, const char* why) {
  const bool was_ok = ok();
  const std::string_view value = in_.string(size_max);
  if (was_ok && !ok()) wrong_ = why;
  return value;
}

std::string_view Reader::id() {
  const std::string_view id = text(SessionId::kSizeMax, "a session id is too long or cut short");
  if (ok() && !SessionId::parse(id).ok()) {
    refuse("a session id is not made of characters of [A-Za-z0-9_-]");
  }
  return id;
}

SegmentId Reader::segment() {
  return {static_cast<std::uint32_t>(
      integer_up_to(kSegmentsMax - 1, "the segment's number is beyond 65535"))};
}

Phase Reader::phase() {
  const auto phase = static_cast<Phase>(byte());
  if (phase != Phase::kLogin && phase != Phase::kActive) refuse("the phase is unknown");
  return phase;
}

std::string_view Reader::subject(Phase phase) {
  const std::string_view subject = text(kSubjectBytesMax, "the subject is too long or cut short");
  if (phase == Phase::kActive && subject.empty()) refuse("an active session has no subject");
  if (phase == Phase::kLogin && !subject.empty()) refuse("a login in progress has a subject");
  return subject;
}

std::optional<Version> Reader::expected() {
  if (!boolean()) return std::nullopt;
  return version();
}

Lifetime Reader::lifetime() {
  constexpr const char* kWhy = "a lifetime is not between 1 s and 400 days";
  const auto seconds = [this] {
    const std::uint64_t value =
        integer_up_to(static_cast<std::uint64_t>(session::kLifetimeMax.count()), kWhy);
    if (value == 0) refuse(kWhy);
    return std::chrono::seconds(value);
  };
  const std::chrono::seconds idle = seconds();
  const std::chrono::seconds absolute = seconds();
  return {.idle = idle, .absolute = absolute};
}

std::string_view Reader::attribute_name() {
  const std::string_view name =
      text(kAttributeNameBytesMax, "an attribute's name is too long or cut short");
  if (name.empty()) refuse("an attribute's name is empty");
  return name;
}

std::string_view Reader::attribute_value() {
  return text(kAttributeValueBytesMax, "an attribute's value is too long or cut short");
}

const std::vector<AttributeView>& Reader::attributes(std::size_t payload) {
  const std::uint64_t count =
      integer_up_to(kAttributesMax, "a session has more than 64 attributes");
  attributes_.clear();
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    const std::string_view name = attribute_name();
    const std::string_view value = attribute_value();
    if (!attributes_.empty() && attributes_.back().name >= name) {
      refuse("attributes are not ordered by name");
    }
    attributes_.push_back({name, value});
    payload += name.size() + value.size();
  }
  if (payload > kSessionBytesMax) refuse("a session has more than 64 KiB");
  return attributes_;
}

std::vector<Attribute> Reader::owned_attributes(std::size_t payload) {
  std::vector<Attribute> owned;
  const std::vector<AttributeView>& views = attributes(payload);
  owned.reserve(views.size());
  for (const AttributeView& view : views) {
    owned.push_back({std::string(view.name), std::string(view.value)});
  }
  return owned;
}

std::vector<Patch::Step> Reader::steps() {
  const std::uint64_t count = integer_up_to(2 * kAttributesMax, "a patch has more than 128 steps");
  std::vector<Patch::Step> steps;
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    const bool set = boolean();
    Patch::Step& step = steps.emplace_back();
    step.name = attribute_name();
    if (set) step.value = attribute_value();
  }
  return steps;
}

RecordRef Reader::record(std::string_view id) {
  session::RecordFields fields = {.id = id};
  fields.phase = phase();
  fields.subject = subject(fields.phase);
  fields.lifetime = lifetime();
  fields.version = version();
  const Duration age = duration(kAgeMax, "a session is older than it may be");
  const Duration unseen = duration(age, "a session was last seen before it was made");
  fields.created_at = now_ - std::min(age + waited_, kAgeMax);
  fields.last_seen = now_ - std::min(unseen + waited_, kAgeMax);
  fields.attributes = attributes(fields.subject.size());
  return ok() ? Record::make(fields) : RecordRef();
}

Operation Reader::operation() {
  Operation operation;
  operation.verb = static_cast<Verb>(byte());
  operation.id = id();
  switch (operation.verb) {
    case Verb::kCreate:
      operation.phase = phase();
      operation.subject = subject(operation.phase);
      operation.lifetime = lifetime();
      operation.attributes = owned_attributes(operation.subject.size());
      return operation;
    case Verb::kGet:
      operation.touch = boolean();
      return operation;
    case Verb::kUpdate:
      operation.attributes = owned_attributes(0);
      operation.expected_version = version();
      return operation;
    case Verb::kPatch:
      operation.steps = steps();
      operation.expected_version = expected();
      return operation;
    case Verb::kAuthenticate:
      operation.subject = subject(Phase::kActive);
      operation.lifetime = lifetime();
      operation.steps = steps();
      operation.expected_version = expected();
      return operation;
    case Verb::kTouch:
    case Verb::kRotate:
    case Verb::kRevoke:
      return operation;
  }
  refuse("the verb is unknown");
  return operation;
}

void Reader::read(Request& request) {
  request.number = integer();
  request.settled = integer();
  const Duration time_left = duration(kTimeLeftMax, "the time left is beyond 24 hours");
  request.time_left = std::max(time_left - waited_, Duration::zero());
  request.operation = operation();
}

void Reader::read(Reply& reply) {
  reply.number = integer();
  const std::uint64_t code = integer_up_to(
      static_cast<std::uint64_t>(absl::StatusCode::kUnauthenticated), "the status code is unknown");
  if (code != 0) {
    const std::string_view why =
        text(kStatusTextBytesMax, "the status text is too long or cut short");
    reply.result.status = absl::Status(static_cast<absl::StatusCode>(code), std::string(why));
    return;
  }
  if (!boolean()) return;
  reply.result.record = record(id());
  if (!reply.result.record) return;
  reply.result.last_seen = reply.result.record->bookkeeping().last_seen;
}

void Reader::read(Replicate& replicate) {
  replicate.segment = segment();
  replicate.version = version();
  replicate.committed = version();
  replicate.operation.caller.value = fixed64();
  replicate.operation.number = integer();
  const std::uint64_t count = integer_up_to(kEntriesMax, "a write changes more than 64 sessions");
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    const std::string_view id = this->id();
    const bool has_record = boolean();
    replicate.entries.push_back({std::string(id), has_record ? record(id) : RecordRef()});
  }
}

void Reader::read(ReplicateAck& ack) {
  ack.segment = segment();
  ack.version = version();
}

void Reader::read(Committed& committed) {
  committed.segment = segment();
  committed.version = version();
}

template <typename Message>
void read_into(Reader& in, node::Envelope& envelope) {
  in.read(envelope.message.emplace<Message>());
}

}  // namespace

absl::Status decode_operations(std::string_view operations, const OperationsFrame& frame,
                               std::size_t messages_max, std::vector<node::Envelope>& envelopes) {
  Reader in(operations, frame.now);
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
