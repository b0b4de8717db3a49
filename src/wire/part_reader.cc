#include "wire/part_reader.h"

#include <set>
#include <string>

#include "session/label_key.h"
#include "session/limits.h"
#include "sojourn/session_id.h"
#include "wire/bounds.h"

namespace sojourn::wire {

using replication::Cause;
using replication::Event;
using replication::Remembered;
using replication::Result;
using session::AttributeBlock;
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

Duration PartReader::fixed_duration(Duration max, const char* why) {
  const Duration value(in_.fixed<kAgeBytes>());
  if (value > max) refuse(why);
  return ok() ? value : Duration();
}

std::string_view PartReader::text(std::size_t size_max, const char* why) {
  const bool was_ok = ok();
  const std::string_view value = in_.string(size_max);
  if (was_ok && !ok()) wrong_ = why;
  return value;
}

std::string_view PartReader::bytes(std::size_t size, std::size_t size_max, const char* why) {
  if (size > size_max || size > in_.left()) refuse(why);
  return ok() ? in_.bytes(size) : std::string_view();
}

std::string_view PartReader::id() {
  const std::string_view id = text(SessionId::kSizeMax, "a session id is too long or cut short");
  if (ok() && !session::is_session_id(id)) {
    refuse("a session id is not made of characters of [A-Za-z0-9_-]");
  }
  return id;
}

std::string_view PartReader::companion_id(session::Kind kind) {
  const std::string_view id =
      text(session::CompanionId::kSizeMax, "a companion's name is too long or cut short");
  if (!ok()) return id;
  if (session::kind_of(id) != kind) refuse("it is about another kind of companion");
  if (id.size() < 2) refuse("a companion's name is empty");
  return id;
}

std::string_view PartReader::any_id() {
  ByteReader ahead = in_;
  const std::string_view id = ahead.string(session::CompanionId::kSizeMax);
  return session::is_companion(id) ? companion_id(session::kind_of(id)) : this->id();
}

TraceContext PartReader::trace() {
  TraceContext trace;
  for (std::uint8_t& value : trace.trace_id) value = byte();
  for (std::uint8_t& value : trace.span_id) value = byte();
  trace.flags = byte();
  if (!trace.is_valid()) refuse("a trace has no id");
  return trace;
}

std::string_view PartReader::id_or_nothing() {
  const std::string_view id = text(SessionId::kSizeMax, "a session id is too long or cut short");
  if (ok() && !id.empty() && !session::is_session_id(id)) {
    refuse("a session id is not made of characters of [A-Za-z0-9_-]");
  }
  return id;
}

SegmentId PartReader::segment() {
  return {static_cast<std::uint32_t>(
      integer_up_to(kSegmentsMax - 1, "the segment's number is beyond 65535"))};
}

std::uint8_t PartReader::byte_with_more(bool& more) {
  const std::uint8_t value = byte();
  more = (value & kMoreFollows) != 0;
  return static_cast<std::uint8_t>(value & ~kMoreFollows);
}

Phase PartReader::phase_of(std::uint8_t value) {
  const auto phase = static_cast<Phase>(value);
  if (phase != Phase::kLogin && phase != Phase::kActive) refuse("the phase is unknown");
  return phase;
}

std::string_view PartReader::subject(Phase phase) {
  const std::string_view subject = text(kSubjectBytesMax, "the subject is too long or cut short");
  if (phase == Phase::kActive && subject.empty()) refuse("an active session has no subject");
  if (phase == Phase::kLogin && !subject.empty()) refuse("a login in progress has a subject");
  return subject;
}

Version PartReader::version() {
  const std::uint64_t epoch = integer_up_to(session::kEpochMax, "an epoch is beyond 2^32");
  return {.epoch = epoch,
          .sequence = integer_up_to(session::kSequenceMax, "a sequence is beyond 2^48")};
}

std::optional<Version> PartReader::expected() {
  if (!boolean()) return std::nullopt;
  return version();
}

std::chrono::seconds PartReader::checked_lifetime(std::uint64_t seconds) {
  if (seconds == 0 || seconds > static_cast<std::uint64_t>(session::kLifetimeMax.count())) {
    refuse("a lifetime is not between 1 s and 400 days");
  }
  return ok() ? std::chrono::seconds(seconds) : std::chrono::seconds();
}

Lifetime PartReader::lifetime() {
  const std::chrono::seconds idle = lifetime_seconds();
  const std::chrono::seconds absolute = lifetime_seconds();
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

std::uint64_t PartReader::attribute_count() {
  return integer_up_to(kAttributesMax, "a session has more than 64 attributes");
}

AttributeView PartReader::attribute(std::string_view behind) {
  const std::size_t name_size = byte();
  std::size_t value_size = byte();
  if (value_size > AttributeBlock::kOneByteMax) {
    value_size = (value_size & AttributeBlock::kOneByteMax) << 8 | byte();
    if (value_size <= AttributeBlock::kOneByteMax) refuse("a value's size has a byte too many");
  }
  const std::string_view name =
      bytes(name_size, kAttributeNameBytesMax, "an attribute's name is too long or cut short");
  if (name.empty()) refuse("an attribute's name is empty");
  if (name <= behind) refuse("attributes are not ordered by name");
  const std::string_view value =
      bytes(value_size, kAttributeValueBytesMax, "an attribute's value is too long or cut short");
  return {name, value};
}

template <typename Visit>
void PartReader::for_each_attribute(std::uint64_t count, std::size_t& payload, Visit visit) {
  std::string_view last;
  for (; count > 0 && ok(); --count) {
    const AttributeView read = attribute(last);
    last = read.name;
    payload += read.name.size() + read.value.size();
    visit(read);
  }
  if (payload > kSessionBytesMax) refuse("a session has more than 64 KiB");
}

AttributeBlock PartReader::attributes(std::size_t& payload) {
  AttributeBlock block = {.count = attribute_count()};
  const std::string_view from = in_.rest();
  for_each_attribute(block.count, payload, [](const AttributeView&) {});
  block.bytes = from.substr(0, from.size() - in_.left());
  return block;
}

std::vector<Attribute> PartReader::owned_attributes(std::size_t payload) {
  const std::uint64_t count = attribute_count();
  std::vector<Attribute> owned;
  owned.reserve(count);
  for_each_attribute(count, payload, [&](const AttributeView& read) {
    owned.push_back({std::string(read.name), std::string(read.value)});
  });
  return owned;
}

std::string_view PartReader::tab_name() {
  const std::string_view name = text(kTabNameBytesMax, "a tab's name is too long or cut short");
  if (name.empty()) refuse("a tab's name is empty");
  return name;
}

std::vector<session::TabView> PartReader::tabs(std::size_t payload) {
  const std::uint64_t count = integer_up_to(kTabsMax, "a session has more than 300 tabs");
  if (count == 0) refuse("a session is said to have tabs and has none");
  std::vector<session::TabView> tabs;
  std::set<std::string_view> names;
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    session::TabView& tab = tabs.emplace_back();
    tab.name = tab_name();
    if (!names.insert(tab.name).second) refuse("two tabs have the same name");
    payload += tab.name.size();
    for_each_attribute(attribute_count(), payload,
                       [&](const AttributeView& read) { tab.attributes.push_back(read); });
  }
  return tabs;
}

std::chrono::seconds PartReader::seconds_up_to(std::chrono::seconds max, const char* why) {
  const std::uint64_t value = integer_up_to(static_cast<std::uint64_t>(max.count()), why);
  if (value == 0) refuse(why);
  return std::chrono::seconds(value);
}

const std::vector<std::string_view>& PartReader::labels() {
  const std::uint64_t count = integer_up_to(kLabelsMax, "a session has more than 8 labels");
  if (count == 0) refuse("a session is said to have labels and has none");
  labels_.clear();
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    const std::string_view label =
        text(session::kLabelKeyBytesMax, "a label is too long or cut short");
    if (ok() && !session::is_label_key(label)) refuse("a label is not a name and a value");
    if (!labels_.empty() && labels_.back() >= label) refuse("labels are not ordered");
    labels_.push_back(label);
  }
  return labels_;
}

std::vector<std::string> PartReader::owned_labels() {
  const std::vector<std::string_view>& views = labels();
  return {views.begin(), views.end()};
}

std::string_view PartReader::single_use_value() {
  return text(kSingleUseValueBytesMax, "a value is too long or cut short");
}

std::uint64_t PartReader::count_from_one(const char* why) {
  const std::uint64_t count = integer_up_to(kCountMax, why);
  if (count == 0) refuse(why);
  return count;
}

RecordRef PartReader::companion(std::string_view id) {
  session::CompanionFields fields = {.id = id};
  const session::Kind kind = session::kind_of(id);
  if (kind == session::Kind::kSingleUse) fields.content = single_use_value();
  const std::uint64_t count =
      kind == session::Kind::kCounter ? count_from_one("a count is not between 1 and 2^63 - 1") : 0;
  const session::CountContent content(count);
  if (kind == session::Kind::kCounter) fields.content = content.text();
  fields.lifetime = lifetime_seconds();
  fields.version = version();
  fields.created_at = time_of_age(duration(kAgeMax, "a companion is older than it may be"));
  return ok() ? session::make_companion(fields) : RecordRef();
}

RecordRef PartReader::record_with_id() {
  ByteReader ahead = in_;
  if (ahead.byte() != kPackedIdFollows || !ahead.ok()) {
    const std::string_view id = any_id();
    if (session::IdText::can_pack(id)) refuse("an id is not packed");
    return record(id);
  }
  const std::string_view packed = ahead.bytes(session::IdText::kPackedSize);
  if (!ahead.ok()) {
    refuse("a packed id is cut short");
    return {};
  }
  in_ = ahead;
  return record(session::RecordFields{.packed_id = packed.data()});
}

RecordRef PartReader::record(std::string_view id) {
  if (session::is_companion(id)) return companion(id);
  return record(session::RecordFields{.id = id});
}

RecordRef PartReader::record(session::RecordFields fields) {
  bool more = false;
  fields.phase = phase_of(byte_with_more(more));
  fields.subject = subject(fields.phase);
  const std::chrono::seconds idle = fixed_lifetime();
  fields.lifetime = {.idle = idle, .absolute = fixed_lifetime()};
  fields.version.epoch = in_.fixed<kEpochBytes>();
  fields.version.sequence = in_.fixed<kSequenceBytes>();
  const Duration age = fixed_duration(kAgeMax, "a session is older than it may be");
  const Duration unseen = fixed_duration(age, "a session was last seen before it was made");
  fields.created_at = time_of_age(age);
  fields.last_seen = time_of_age(unseen);
  std::size_t payload = fields.subject.size();
  fields.kept_attributes = attributes(payload);
  std::vector<session::TabView> read_tabs;
  more_fields(more, [&](Field field) {
    switch (field) {
      case Field::kRemembered:
        fields.remembered = true;
        break;
      case Field::kShortenedTo:
        fields.shortened_to = duration(kAgeMax, "a session was shortened to more than it may be");
        break;
      case Field::kAliasOf:
        fields.alias_of = this->id();
        break;
      case Field::kTabs:
        if (fields.phase != Phase::kLogin) refuse("an active session has tabs");
        read_tabs = tabs(payload);
        fields.tabs = read_tabs;
        break;
      case Field::kLabels:
        fields.labels = labels();
        break;
      default:
        refuse("a session has an unknown field");
    }
  });
  return ok() ? Record::make(fields) : RecordRef();
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
  result.record = record_with_id();
  if (result.record) result.last_seen = result.record->last_seen();
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

std::vector<replication::Copy> PartReader::copies() {
  constexpr std::uint64_t kUsualMax = 64;
  std::vector<replication::Copy> copies;
  std::uint64_t left = count();
  for (copies.reserve(std::min(left, kUsualMax)); left > 0 && ok(); --left) {
    RecordRef made = record_with_id();
    if (!made) break;
    const Time last_seen = made->last_seen();
    copies.push_back({.record = std::move(made), .last_seen = last_seen});
  }
  return copies;
}

std::vector<OperationId> PartReader::operation_ids() {
  std::vector<OperationId> ids;
  for (std::uint64_t left = count(); left > 0 && ok(); --left) ids.push_back(operation_id());
  return ids;
}

replication::Inquiry PartReader::inquiry() {
  using replication::Inquiry;
  const auto inquiry = static_cast<Inquiry>(byte());
  if (inquiry < Inquiry::kList || inquiry > Inquiry::kSurvey) refuse("the inquiry is unknown");
  return inquiry;
}

replication::Key PartReader::key() {
  using Kind = session::KeyView::Kind;
  const auto kind = static_cast<Kind>(byte());
  if (kind == Kind::kSubject) return {kind, std::string(subject(Phase::kActive))};
  if (kind != Kind::kLabel) {
    refuse("a key is neither a subject nor a label");
    return {};
  }
  const std::string_view label =
      text(session::kLabelKeyBytesMax, "a label is too long or cut short");
  if (ok() && !session::is_label_key(label)) refuse("a label is not a name and a value");
  return {kind, std::string(label)};
}

Cause PartReader::cause_of(std::uint8_t value) {
  if (value > replication::kCauseMax) refuse("what happened is unknown");
  return ok() ? static_cast<Cause>(value) : Cause::kNothing;
}

void PartReader::read_occurrence(replication::Replicate& replicate) {
  replication::Occurrence& occurrence = replicate.occurrence;
  const std::uint8_t first = byte();
  const auto other = [&](std::uint8_t flag) {
    if ((first & flag) == 0) return replicate.version;
    const Version number = version();
    if (number == replicate.version) refuse("a number is the version, and is said to be another");
    return number;
  };
  occurrence.cause = cause_of(static_cast<std::uint8_t>(first & ~(kOtherNumber | kOtherDelivered)));
  if (occurrence.cause == Cause::kMissed) refuse("a write is of no event that was missed");
  occurrence.number = other(kOtherNumber);
  replicate.delivered_below = other(kOtherDelivered);
  if (occurrence.cause == Cause::kNothing) return;
  const bool leaves_record = !replicate.entries.empty() && replicate.entries.front().record;
  if (replicate.entries.empty() || leaves_record == is_end(occurrence.cause) ||
      session::is_companion(replicate.entries.front().id)) {
    refuse("what happened does not go with what it leaves behind");
  }
  if (!is_end(occurrence.cause)) return;
  occurrence.phase = phase_of(byte());
  occurrence.subject = subject(occurrence.phase);
}

Event PartReader::event() {
  Event event = {.cause = cause_of(byte()), .number = version()};
  if (event.cause == Cause::kNothing) refuse("an event is of nothing");
  if (event.cause == Cause::kMissed) {
    event.version = event.number;
    event.missed = integer();
    if (event.missed == 0) refuse("no event is missed");
    return event;
  }
  event.version = version();
  event.id = id();
  if (boolean()) event.previous_id = id();
  event.phase = phase_of(byte());
  event.subject = subject(event.phase);
  return event;
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
