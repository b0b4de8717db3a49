#include "unit/wire/messages.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <chrono>
#include <utility>
#include <variant>

namespace sojourn::wire {
namespace {

using replication::Operation;
using replication::Verb;
using session::AttributeView;
using session::RecordRef;
using namespace std::chrono_literals;

RecordRef record(std::string_view id) {
  static const std::vector<AttributeView> kAttributes = {{"lang", "de"}, {"role", "admin"}};
  return session::Record::make({.id = id,
                                .phase = Phase::kActive,
                                .subject = "ana",
                                .lifetime = {30min, 12h},
                                .version = {.epoch = 3, .sequence = 77},
                                .created_at = kSent - 90s,
                                .last_seen = kSent - 5s,
                                .attributes = kAttributes});
}

View view() {
  return {.epoch = 3,
          .generation = 1,
          .segments = 4096,
          .copies = 2,
          .members = {{.name = "auth-0", .address = "127.0.0.1:7000", .incarnation = 11},
                      {.name = "auth-1",
                       .address = "[::1]:7001",
                       .incarnation = 22,
                       .capacity = 0,
                       .zone = "east"}}};
}

Frame frame_of(node::Message message) { return wire::frame_of({envelope_of(std::move(message))}); }

Frame request(Operation operation) {
  return frame_of(replication::Request{
      .number = 1000, .settled = 990, .time_left = 250ms, .operation = std::move(operation)});
}

// --- Descriptions -------------------------------------------------------------------------------

std::string escaped(std::string_view bytes) {
  return '"' + absl::CHexEscape(std::string(bytes)) + '"';
}

std::string describe(const Version& version) {
  return absl::StrFormat("%d.%d", version.epoch, version.sequence);
}

std::string describe(const std::optional<Version>& version) {
  return version ? describe(*version) : "any";
}

std::string describe(const Lifetime& lifetime) {
  return absl::StrFormat("%d/%d", static_cast<long long>(lifetime.idle.count()),
                         static_cast<long long>(lifetime.absolute.count()));
}

std::string describe_age(Time then, Time now) {
  return std::to_string((now - then).count()) + "us";
}

std::string describe(const RecordRef& record, Time now) {
  if (!record) return "none";
  std::string out = absl::StrFormat("{%s phase %d %s %s %s age %s unseen %s", escaped(record->id()),
                                    static_cast<int>(record->phase()), escaped(record->subject()),
                                    describe(record->lifetime()), describe(record->version()),
                                    describe_age(record->created_at(), now),
                                    describe_age(record->bookkeeping().last_seen, now));
  record->for_each_attribute([&out](std::string_view name, std::string_view value) {
    out += " " + escaped(name) + "=" + escaped(value);
  });
  return out + "}";
}

std::string describe(const Operation& operation) {
  std::string out =
      absl::StrFormat("verb %d %s touch %d phase %d %s %s expects %s",
                      static_cast<int>(operation.verb), escaped(operation.id), operation.touch,
                      static_cast<int>(operation.phase), escaped(operation.subject),
                      describe(operation.lifetime), describe(operation.expected_version));
  for (const Attribute& attribute : operation.attributes) {
    out += " " + escaped(attribute.name) + "=" + escaped(attribute.value);
  }
  for (const Patch::Step& step : operation.steps) {
    out += (step.value ? " set " : " erase ") + escaped(step.name) + "=" +
           escaped(step.value.value_or(""));
  }
  return out;
}

std::string describe(const View& view) {
  std::string out = absl::StrFormat("view %d of generation %d, %d segments, %d copies:", view.epoch,
                                    view.generation, view.segments, view.copies);
  for (const Member& member : view.members) {
    out += absl::StrFormat(" %s@%s/%d*%d(%s)", member.name, member.address, member.incarnation,
                           member.capacity, member.zone);
  }
  return out;
}

std::string describe(const membership::Hello& hello, Time /*now*/) {
  return absl::StrFormat("Hello %s %s %d %d %d %d-%d %d %d", hello.cluster, hello.name,
                         hello.segments, hello.copies, hello.members_hash, hello.wire_version_min,
                         hello.wire_version_max, hello.settled, hello.memory_full);
}

std::string describe(const membership::Propose& propose, Time /*now*/) {
  return absl::StrFormat("Propose %d %s", propose.ballot, describe(propose.view));
}

std::string describe(const membership::Accept& accept, Time /*now*/) {
  return absl::StrFormat("Accept %d", accept.ballot);
}

std::string describe(const membership::Decide& decide, Time /*now*/) {
  return "Decide " + describe(decide.view);
}

std::string describe(const membership::ViewRequest& /*request*/, Time /*now*/) {
  return "ViewRequest";
}

std::string describe(const replication::Request& request, Time /*now*/) {
  return absl::StrFormat("Request %d (settled %d, %d us left) %s", request.number, request.settled,
                         static_cast<long long>(request.time_left.count()),
                         describe(request.operation));
}

std::string describe(const replication::Reply& reply, Time now) {
  const replication::Result& result = reply.result;
  return absl::StrFormat("Reply %d %s %s last seen %s", reply.number, result.status.ToString(),
                         describe(result.record, now),
                         result.record ? describe_age(result.last_seen, now) : "never");
}

std::string describe(const replication::Replicate& replicate, Time now) {
  std::string out =
      absl::StrFormat("Replicate %d %s (committed %s) for %d/%d:", replicate.segment.value,
                      describe(replicate.version), describe(replicate.committed),
                      replicate.operation.caller.value, replicate.operation.number);
  for (const replication::Entry& entry : replicate.entries) {
    out += " " + escaped(entry.id) + " " + describe(entry.record, now);
  }
  return out;
}

std::string describe(const replication::ReplicateAck& ack, Time /*now*/) {
  return absl::StrFormat("ReplicateAck %d %s", ack.segment.value, describe(ack.version));
}

std::string describe(const replication::Committed& committed, Time /*now*/) {
  return absl::StrFormat("Committed %d %s", committed.segment.value, describe(committed.version));
}

}  // namespace

std::vector<Example> examples() {
  const Lifetime lifetime = {30min, 12h};
  const std::vector<Attribute> attributes = {{"lang", "de"}, {"role", "admin"}};
  const std::vector<Patch::Step> steps = {{"cart", "3"}, {"coupon", std::nullopt}, {"empty", ""}};
  const Version version = {.epoch = 3, .sequence = 76};
  return {
      {"empty", wire::frame_of({})},
      {"hello", frame_of(membership::Hello{.cluster = "sojourn",
                                           .name = "auth-0",
                                           .segments = 4096,
                                           .copies = 2,
                                           .members_hash = 0x1234567890abcdef,
                                           .wire_version_min = 1,
                                           .wire_version_max = 2,
                                           .settled = 990,
                                           .memory_full = true})},
      {"propose", frame_of(membership::Propose{.ballot = 7, .view = view()})},
      {"accept", frame_of(membership::Accept{.ballot = 7})},
      {"decide", frame_of(membership::Decide{.view = view()})},
      {"view_request", frame_of(membership::ViewRequest{})},
      {"create", request({.verb = Verb::kCreate,
                          .id = "s-1",
                          .phase = Phase::kActive,
                          .subject = "ana",
                          .lifetime = lifetime,
                          .attributes = attributes})},
      {"create_login", request({.verb = Verb::kCreate, .id = "s-1", .lifetime = lifetime})},
      {"get", request({.verb = Verb::kGet, .id = "s-1"})},
      {"peek", request({.verb = Verb::kGet, .id = "s-1", .touch = false})},
      {"touch", request({.verb = Verb::kTouch, .id = "s-1"})},
      {"update", request({.verb = Verb::kUpdate,
                          .id = "s-1",
                          .attributes = attributes,
                          .expected_version = version})},
      {"patch", request({.verb = Verb::kPatch, .id = "s-1", .steps = steps})},
      {"patch_version",
       request({.verb = Verb::kPatch, .id = "s-1", .steps = steps, .expected_version = version})},
      {"authenticate", request({.verb = Verb::kAuthenticate,
                                .id = "s-1",
                                .subject = "ana",
                                .lifetime = lifetime,
                                .steps = steps,
                                .expected_version = version})},
      {"rotate", request({.verb = Verb::kRotate, .id = "s-1"})},
      {"revoke", request({.verb = Verb::kRevoke, .id = "s-1"})},
      {"reply", frame_of(replication::Reply{
                    .number = 1000, .result = {.record = record("s-1"), .last_seen = kSent - 5s}})},
      {"reply_ok", frame_of(replication::Reply{.number = 1000})},
      {"reply_error",
       frame_of(replication::Reply{.number = 1000,
                                   .result = {.status = absl::NotFoundError("no such session")}})},
      {"replicate", frame_of(replication::Replicate{.segment = {9},
                                                    .version = {.epoch = 3, .sequence = 77},
                                                    .committed = version,
                                                    .operation = {{0xfeed}, 1000},
                                                    .entries = {{"s-2", record("s-2")}, {"s-1"}}})},
      {"replicate_ack", frame_of(replication::ReplicateAck{{9}, {.epoch = 3, .sequence = 77}})},
      {"committed", frame_of(replication::Committed{{9}, {.epoch = 3, .sequence = 77}})},
  };
}

node::Envelope envelope_of(node::Message message) {
  return {.cluster = 0xc1,
          .generation = 1,
          .epoch = 3,
          .from = {0xfeed},
          .message = std::move(message)};
}

Frame frame_of(std::vector<node::Envelope> envelopes) {
  return {.number = 1,
          .answers = 0,
          .cluster = 0xc1,
          .from = {0xfeed},
          .envelopes = std::move(envelopes)};
}

std::string describe(const node::Envelope& envelope, Time now) {
  return absl::StrFormat(
      "%d/%d at %d.%d: %s", envelope.cluster, envelope.from.value, envelope.generation,
      envelope.epoch,
      std::visit([now](const auto& message) { return describe(message, now); }, envelope.message));
}

std::string describe(const Frame& frame, Time now) {
  std::string out = absl::StrFormat("frame %d answers %d from %d/%d\n", frame.number, frame.answers,
                                    frame.cluster, frame.from.value);
  for (const node::Envelope& envelope : frame.envelopes) out += describe(envelope, now) + "\n";
  return out;
}

std::string from_hex(const std::string& digits) {
  std::string compact;
  for (const char c : digits) {
    if (c != ' ') compact += c;
  }
  return absl::HexStringToBytes(compact);
}

std::string to_hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

}  // namespace sojourn::wire
