#include "wire/operation_writer.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "session/record.h"
#include "sojourn/session.h"
#include "wire/operation_format.h"

namespace sojourn::wire {
namespace {

using replication::Committed;
using replication::Entry;
using replication::Operation;
using replication::Replicate;
using replication::ReplicateAck;
using replication::Reply;
using replication::Request;
using replication::Verb;
using session::Record;
using session::RecordRef;

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

  void write(const Version& version);
  void write(const std::optional<Version>& expected);
  void write(const Lifetime& lifetime);
  void write(const std::vector<Attribute>& attributes);
  void write(const std::vector<Patch::Step>& steps);
  void write(const Record& record, Time last_seen);
  void write(const Operation& operation);

  void write(const Request& request);
  void write(const Reply& reply);
  void write(const Replicate& replicate);
  void write(const ReplicateAck& ack);
  void write(const Committed& committed);

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
  for (const Attribute& attribute : attributes) {
    text(attribute.name);
    text(attribute.value);
  }
}

void Writer::write(const std::vector<Patch::Step>& steps) {
  integer(steps.size());
  for (const Patch::Step& step : steps) {
    boolean(step.value.has_value());
    text(step.name);
    if (step.value) text(*step.value);
  }
}

void Writer::write(const Record& record, Time last_seen) {
  byte(static_cast<std::uint8_t>(record.phase()));
  text(record.subject());
  write(record.lifetime());
  write(record.version());
  const Duration age = std::clamp(now_ - record.created_at(), Duration::zero(), kAgeMax);
  duration(age, kAgeMax);
  duration(now_ - last_seen, age);
  integer(record.attribute_count());
  record.for_each_attribute([this](std::string_view name, std::string_view value) {
    text(name);
    text(value);
  });
}

void Writer::write(const Operation& operation) {
  byte(static_cast<std::uint8_t>(operation.verb));
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
    case Verb::kTouch:
    case Verb::kRotate:
    case Verb::kRevoke:
      break;
  }
}

void Writer::write(const Request& request) {
  integer(request.number);
  integer(request.settled);
  duration(request.time_left, kTimeLeftMax);
  write(request.operation);
}

void Writer::write(const Reply& reply) {
  const absl::Status& status = reply.result.status;
  integer(reply.number);
  integer(static_cast<std::uint64_t>(status.code()));
  if (!status.ok()) {
    text({status.message().data(), std::min(status.message().size(), kStatusTextBytesMax)});
    return;
  }
  const RecordRef& record = reply.result.record;
  boolean(static_cast<bool>(record));
  if (record) {
    text(record->id());
    write(*record, reply.result.last_seen);
  }
}

void Writer::write(const Replicate& replicate) {
  integer(replicate.segment.value);
  write(replicate.version);
  write(replicate.committed);
  fixed64(replicate.operation.caller.value);
  integer(replicate.operation.number);
  integer(replicate.entries.size());
  for (const Entry& entry : replicate.entries) {
    text(entry.id);
    boolean(static_cast<bool>(entry.record));
    if (entry.record) write(*entry.record, entry.record->bookkeeping().last_seen);
  }
}

void Writer::write(const ReplicateAck& ack) {
  integer(ack.segment.value);
  write(ack.version);
}

void Writer::write(const Committed& committed) {
  integer(committed.segment.value);
  write(committed.version);
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

}  // namespace sojourn::wire
