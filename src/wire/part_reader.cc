#include "wire/part_reader.h"

#include <string>

#include "session/limits.h"
#include "sojourn/session_id.h"
#include "wire/bounds.h"

namespace sojourn::wire {

using replication::Operation;
using replication::Remembered;
using replication::Result;
using replication::Verb;
using session::AttributeView;
using session::Record;
using session::RecordRef;

bool PartReader::boolean() {
  const std::uint8_t value = byte();
  if (value > 1) refuse("a boolean is neither 0 nor 1");
  return value == 1;
}

std::uint64_t PartReader::integer_up_to(std::uint64_t max, const char* why) {
  const std::uint64_t value = integer();
  if (value > max) refuse(why);
  return ok() ? value : 0;
}

Duration PartReader::duration(Duration max, const char* why) {
  return Duration(integer_up_to(static_cast<std::uint64_t>(max.count()), why));
}

std::string_view PartReader::text(std::size_t size_max, const char* why) {
  const bool was_ok = ok();
  const std::string_view value = in_.string(size_max);
  if (was_ok && !ok()) wrong_ = why;
  return value;
}

std::string_view PartReader::id() {
  const std::string_view id = text(SessionId::kSizeMax, "a session id is too long or cut short");
  if (ok() && !SessionId::parse(id).ok()) {
    refuse("a session id is not made of characters of [A-Za-z0-9_-]");
  }
  return id;
}

SegmentId PartReader::segment() {
  return {static_cast<std::uint32_t>(
      integer_up_to(kSegmentsMax - 1, "the segment's number is beyond 65535"))};
}

Phase PartReader::phase() {
  const auto phase = static_cast<Phase>(byte());
  if (phase != Phase::kLogin && phase != Phase::kActive) refuse("the phase is unknown");
  return phase;
}

std::string_view PartReader::subject(Phase phase) {
  const std::string_view subject = text(kSubjectBytesMax, "the subject is too long or cut short");
  if (phase == Phase::kActive && subject.empty()) refuse("an active session has no subject");
  if (phase == Phase::kLogin && !subject.empty()) refuse("a login in progress has a subject");
  return subject;
}

std::optional<Version> PartReader::expected() {
  if (!boolean()) return std::nullopt;
  return version();
}

Lifetime PartReader::lifetime() {
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

std::string_view PartReader::attribute_name() {
  const std::string_view name =
      text(kAttributeNameBytesMax, "an attribute's name is too long or cut short");
  if (name.empty()) refuse("an attribute's name is empty");
  return name;
}

std::string_view PartReader::attribute_value() {
  return text(kAttributeValueBytesMax, "an attribute's value is too long or cut short");
}

const std::vector<AttributeView>& PartReader::attributes(std::size_t payload) {
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

std::vector<Attribute> PartReader::owned_attributes(std::size_t payload) {
  std::vector<Attribute> owned;
  const std::vector<AttributeView>& views = attributes(payload);
  owned.reserve(views.size());
  for (const AttributeView& view : views) {
    owned.push_back({std::string(view.name), std::string(view.value)});
  }
  return owned;
}

std::vector<Patch::Step> PartReader::steps() {
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

RecordRef PartReader::record(std::string_view id) {
  session::RecordFields fields = {.id = id};
  fields.phase = phase();
  fields.subject = subject(fields.phase);
  fields.lifetime = lifetime();
  fields.version = version();
  const Duration age = duration(kAgeMax, "a session is older than it may be");
  const Duration unseen = duration(age, "a session was last seen before it was made");
  fields.created_at = time_of_age(age);
  fields.last_seen = time_of_age(unseen);
  fields.attributes = attributes(fields.subject.size());
  return ok() ? Record::make(fields) : RecordRef();
}

Operation PartReader::operation() {
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

Result PartReader::result() {
  Result result;
  const std::uint64_t code = integer_up_to(
      static_cast<std::uint64_t>(absl::StatusCode::kUnauthenticated), "the status code is unknown");
  if (code != 0) {
    const std::string_view why =
        text(kStatusTextBytesMax, "the status text is too long or cut short");
    result.status = absl::Status(static_cast<absl::StatusCode>(code), std::string(why));
    return result;
  }
  if (!boolean()) return result;
  result.record = record(id());
  if (result.record) result.last_seen = result.record->bookkeeping().last_seen;
  return result;
}

OperationId PartReader::operation_id() {
  const Incarnation caller = {fixed64()};
  return {.caller = caller, .number = integer()};
}

std::uint64_t PartReader::count() {
  return integer_up_to(kItemsMax, "it lists more than 65536 items");
}

std::vector<SegmentId> PartReader::segments() {
  std::vector<SegmentId> segments;
  for (std::uint64_t left = count(); left > 0 && ok(); --left) segments.push_back(segment());
  return segments;
}

std::vector<Remembered> PartReader::remembered() {
  std::vector<Remembered> remembered;
  for (std::uint64_t left = count(); left > 0 && ok(); --left) {
    Remembered& each = remembered.emplace_back();
    each.operation = operation_id();
    each.segment = segment();
    each.result = result();
  }
  return remembered;
}

}  // namespace sojourn::wire
