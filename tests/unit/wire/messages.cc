#include "unit/wire/messages.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <chrono>
#include <utility>
#include <variant>

#include "session/companion.h"

namespace sojourn::wire {
namespace {

using replication::Inquiry;
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

constexpr auto kCompanionAge = 90s;

RecordRef companion(std::string_view id, std::string_view content) {
  return session::make_companion({.id = id,
                                  .content = content,
                                  .lifetime = 10min,
                                  .version = {.epoch = 3, .sequence = 77},
                                  .created_at = kSent - kCompanionAge});
}

RecordRef counter(std::string_view id, std::uint64_t count) {
  return companion(id, session::CountContent(count).text());
}

RecordRef labelled(std::string_view id) {
  static const std::vector<std::string_view> kLabels = {
      "\x03"
      "appmail"};
  return session::Record::make({.id = id,
                                .lifetime = {30min, 30min},
                                .version = {.epoch = 3, .sequence = 77},
                                .created_at = kSent - 90s,
                                .last_seen = kSent - 5s,
                                .labels = kLabels});
}

ring::Layout layout() {
  return {
      .view = {.epoch = 3,
               .generation = 1,
               .segments = 4,
               .copies = 2,
               .members =
                   {{.name = "auth-0", .address = "127.0.0.1:7000", .incarnation = 11, .joined = 1},
                    {.name = "auth-1",
                     .address = "[::1]:7001",
                     .incarnation = 22,
                     .capacity = 2,
                     .zone = "east",
                     .joined = 3,
                     .leaving = true},
                    {.name = "witness",
                     .address = "witness:7000",
                     .incarnation = 33,
                     .capacity = 0,
                     .joined = 1}}},
      .base = {{{0}, {1}}, {{1}}, {{0}}, {{0}, {1}}},
      .losses = {{{1}, {.epoch = 2}}, {{3}, {.epoch = 3, .acknowledged = true}}}};
}

Frame frame_of(node::Message message) { return wire::frame_of({envelope_of(std::move(message))}); }

Frame frame_of(const replication::Lookup& lookup) {
  Frame frame = wire::frame_of({});
  frame.lookups.push_back(lookup);
  return frame;
}

Frame frame_of(replication::Found found) {
  Frame frame = wire::frame_of({});
  frame.found.push_back(std::move(found));
  return frame;
}

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

// Without when it was last seen: what of the record's bookkeeping counts depends on the message.
std::string describe(const RecordRef& record, Time now) {
  if (!record) return "none";
  std::string out = absl::StrFormat("{%s phase %d %s %s %s age %s", escaped(record->id()),
                                    static_cast<int>(record->phase()), escaped(record->subject()),
                                    describe(record->lifetime()), describe(record->version()),
                                    describe_age(record->created_at(), now));
  record->for_each_attribute([&out](std::string_view name, std::string_view value) {
    out += " " + escaped(name) + "=" + escaped(value);
  });
  for (const session::TabView& tab : tabs_of(*record)) {
    out += " tab " + escaped(tab.name);
    for (const AttributeView& attribute : tab.attributes) {
      out += " " + escaped(attribute.name) + "=" + escaped(attribute.value);
    }
  }
  if (record->is_remembered()) out += " remembered";
  if (record->shortened_to()) out += absl::StrFormat(" to %dus", record->shortened_to()->count());
  if (record->is_alias()) out += " alias of " + escaped(record->alias_of());
  for (const std::string_view label : record->labels()) out += " label " + escaped(label);
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
  for (const std::string& label : operation.labels) out += " label " + escaped(label);
  if (operation.overtaken) out += " overtaken";
  if (operation.trace.is_valid()) out += " trace " + operation.trace.traceparent();
  if (operation.cause == replication::Cause::kRevokedByLimit) out += " by limit";
  for (const Patch::Step& step : operation.steps) {
    out += (step.value ? " set " : " erase ") + escaped(step.name) + "=" +
           escaped(step.value.value_or("")) + " in " + escaped(step.tab);
  }
  if (operation.remembered) out += " remembered";
  if (operation.keep_id) out += " keeps id";
  if (operation.time_left) out += absl::StrFormat(" within %ds", operation.time_left->count());
  out += absl::StrFormat(" overlap %ds tab %s", operation.overlap.count(), escaped(operation.tab));
  if (replication::is_companion_verb(operation.verb)) {
    out += absl::StrFormat(" value %s amount %d", escaped(operation.value), operation.amount);
  }
  return out;
}

std::string describe(const ring::Layout& layout) {
  const View& view = layout.view;
  std::string out = absl::StrFormat("view %d of generation %d, %d segments, %d copies:", view.epoch,
                                    view.generation, view.segments, view.copies);
  for (const Member& member : view.members) {
    out += absl::StrFormat(" %s@%s/%d*%d(%s) since %d%s", member.name, member.address,
                           member.incarnation, member.capacity, member.zone, member.joined,
                           member.leaving ? " leaving" : "");
  }
  out += " base";
  for (const ring::Holders& holders : layout.base) {
    out += " [";
    for (const MemberIndex holder : holders) out += absl::StrFormat(" %d", holder.value);
    out += " ]";
  }
  for (const auto& [segment, loss] : layout.losses) {
    out += absl::StrFormat(" lost %d at %d%s", segment.value, loss.epoch,
                           loss.acknowledged ? " (noted)" : "");
  }
  return out;
}

std::string describe(const membership::Ballot& ballot) {
  return absl::StrFormat("ballot %d of %d", ballot.round, ballot.proposer.value);
}

std::string describe(const membership::Hello& hello, Time /*now*/) {
  std::string out = absl::StrFormat(
      "Hello %s %s@%s*%d(%s) %d segments %d copies lease %d wire %d-%d settled %d full %d leaving "
      "%d expects %d stamp %d echo %d of %d up %d left %d/%d/%d recovers %d hears",
      hello.cluster, hello.name, hello.address, hello.capacity, hello.zone, hello.segments,
      hello.copies, static_cast<long long>(hello.lease.count()), hello.wire_version_min,
      hello.wire_version_max, hello.settled, static_cast<int>(hello.memory_level), hello.leaving,
      hello.bootstrap_expect, hello.stamp, hello.echo, hello.echo_of.value,
      static_cast<long long>(hello.uptime.count()), hello.progress.repairs_left,
      hello.progress.segments_left, hello.progress.calls_left, hello.may_recover);
  for (const Incarnation heard : hello.hears) out += absl::StrFormat(" %d", heard.value);
  return out;
}

std::string describe(const membership::Grant& grant, Time /*now*/) {
  return absl::StrFormat("Grant %d", grant.stamp);
}

std::string describe(const membership::Prepare& prepare, Time /*now*/) {
  return "Prepare " + describe(prepare.ballot);
}

std::string describe(const membership::Promise& promise, Time /*now*/) {
  const std::string out = "Promise " + describe(promise.ballot);
  if (!promise.accepted) return out;
  return out + " accepted " + describe(*promise.accepted) + " " + describe(promise.layout);
}

std::string describe(const membership::Propose& propose, Time /*now*/) {
  return "Propose " + describe(propose.ballot) + " " + describe(propose.layout) +
         (propose.forced ? " forced" : "");
}

std::string describe(const membership::Accept& accept, Time /*now*/) {
  return "Accept " + describe(accept.ballot);
}

std::string describe(const membership::Refuse& refuse, Time /*now*/) {
  return "Refuse " + describe(refuse.ballot) + " promised " + describe(refuse.promised);
}

std::string describe(const membership::Decide& decide, Time /*now*/) {
  return "Decide " + describe(decide.layout);
}

std::string describe(const membership::ViewRequest& /*request*/, Time /*now*/) {
  return "ViewRequest";
}

std::string describe(const replication::Request& request, Time /*now*/) {
  return absl::StrFormat("Request %d (settled %d, %d us left) %s", request.number, request.settled,
                         static_cast<long long>(request.time_left.count()),
                         describe(request.operation));
}

std::string describe(const replication::Result& result, Time now) {
  return absl::StrFormat("%s %s last seen %s", result.status.ToString(),
                         describe(result.record, now),
                         result.record ? describe_age(result.last_seen, now) : "never");
}

std::string describe(const replication::Reply& reply, Time now) {
  return absl::StrFormat("Reply %d %s", reply.number, describe(reply.result, now));
}

std::string describe(const replication::Event& event) {
  return absl::StrFormat(" event %d %s of %s (%s) %d \"%s\" %s missed %d;",
                         static_cast<int>(event.cause), describe(event.number), event.id,
                         event.previous_id, static_cast<int>(event.phase), event.subject,
                         describe(event.version), event.missed);
}

std::string describe(const replication::Replicate& replicate, Time now) {
  std::string out = absl::StrFormat(
      "Replicate %d %s (committed %s) for %d/%d settled %d:", replicate.segment.value,
      describe(replicate.version), describe(replicate.committed), replicate.operation.caller.value,
      replicate.operation.number, replicate.settled);
  for (const replication::Entry& entry : replicate.entries) {
    out += " " + escaped(entry.id) + " " + describe(entry.record, now);
    if (entry.taken) out += " took " + describe(entry.taken, now);
    if (!entry.record) continue;
    out += " last seen " + describe_age(entry.record->last_seen(), now);
  }
  const replication::Occurrence& occurrence = replicate.occurrence;
  return out + absl::StrFormat(" cause %d %s %d \"%s\" delivered below %s",
                               static_cast<int>(occurrence.cause), describe(occurrence.number),
                               static_cast<int>(occurrence.phase), occurrence.subject,
                               describe(replicate.delivered_below));
}

std::string describe(const replication::ReplicateAck& ack, Time /*now*/) {
  return absl::StrFormat("ReplicateAck %d %s%s", ack.segment.value, describe(ack.version),
                         ack.keeps_events ? " keeps events" : "");
}

std::string describe(const replication::Committed& committed, Time /*now*/) {
  return absl::StrFormat("Committed %d %s", committed.segment.value, describe(committed.version));
}

std::string describe(const replication::Touched& touched, Time now) {
  std::string out = absl::StrFormat("Touched %d:", touched.number);
  for (const replication::Touched::Use& use : touched.uses) {
    out += " " + escaped(use.id) + " " + describe_age(use.last_seen, now);
  }
  return out;
}

std::string describe(const replication::TouchedAck& ack, Time /*now*/) {
  return absl::StrFormat("TouchedAck %d", ack.number);
}

std::string describe(const replication::Pull& pull, Time /*now*/) {
  std::string out = "Pull";
  for (const replication::Standing& standing : pull.segments) {
    out += absl::StrFormat(" %d:%x", standing.segment.value, standing.digest);
  }
  return out;
}

std::string describe(const std::vector<SegmentId>& segments) {
  std::string out;
  for (const SegmentId segment : segments) out += absl::StrFormat(" %d", segment.value);
  return out;
}

std::string describe(const std::vector<replication::Remembered>& remembered, Time now) {
  std::string out = " remembered";
  for (const replication::Remembered& each : remembered) {
    out += absl::StrFormat(" %d/%d in %d: %s;", each.operation.caller.value, each.operation.number,
                           each.segment.value, describe(each.result, now));
  }
  return out;
}

std::string describe(const replication::InStep& in_step, Time now) {
  std::string events;
  for (const replication::Undelivered& each : in_step.events) {
    events += absl::StrFormat(" %d", each.segment.value) + describe(each.event);
  }
  return "InStep" + describe(in_step.segments) + describe(in_step.remembered, now) + events +
         (in_step.compared ? " compared" : "");
}

std::string describe(const replication::Chunk& chunk, Time now) {
  std::string out =
      absl::StrFormat("Chunk %d of transfer %d of segment %d%s:", chunk.index, chunk.transfer,
                      chunk.segment.value, chunk.last ? ", last" : "");
  for (const replication::Copy& copy : chunk.copies) {
    out += " " + describe(copy.record, now) + " last seen " + describe_age(copy.last_seen, now);
  }
  for (const replication::Event& event : chunk.events) out += describe(event);
  return out + describe(chunk.remembered, now);
}

std::string describe(const replication::ChunkAck& ack, Time /*now*/) {
  return absl::StrFormat("ChunkAck %d of transfer %d of segment %d", ack.index, ack.transfer,
                         ack.segment.value);
}

std::string describe(const replication::Pulled& pulled, Time /*now*/) {
  return "Pulled" + describe(pulled.segments);
}

std::string describe(const replication::Delivered& delivered, Time /*now*/) {
  std::string out = absl::StrFormat("Delivered %d:", delivered.number);
  for (const auto& each : delivered.segments) {
    out += absl::StrFormat(" %d below %s", each.segment.value, describe(each.below));
  }
  return out;
}

std::string describe(const replication::DeliveredAck& ack, Time /*now*/) {
  return absl::StrFormat("DeliveredAck %d", ack.number);
}

std::string describe(const replication::Key& key) {
  return absl::StrFormat("%d:%s", static_cast<int>(key.kind), escaped(key.text));
}

std::string describe(const std::vector<OperationId>& operations) {
  std::string out;
  for (const OperationId& operation : operations) {
    out += absl::StrFormat(" %d/%d", operation.caller.value, operation.number);
  }
  return out;
}

std::string describe(const replication::Gather& gather, Time /*now*/) {
  std::string out = absl::StrFormat(
      "Gather %d (settled %d, %d us left) %d of %s after %s up to %d but %s", gather.number,
      gather.settled, static_cast<long long>(gather.time_left.count()),
      static_cast<int>(gather.inquiry), describe(gather.key), escaped(gather.after), gather.limit,
      escaped(gather.except));
  for (const replication::Overtaken& one : gather.overtaken) {
    out += absl::StrFormat(" %d below %d", one.caller.value, one.below);
  }
  return out;
}

std::string describe(const replication::Gathered& gathered, Time now) {
  std::string out = absl::StrFormat(
      "Gathered %d of %d: %s %d%s", static_cast<int>(gathered.inquiry), gathered.number,
      gathered.status.ToString(), gathered.count, gathered.more ? " and more" : "");
  for (const replication::Copy& copy : gathered.sessions) {
    out += " " + describe(copy.record, now) + " last seen " + describe_age(copy.last_seen, now);
  }
  for (const replication::Counted& session : gathered.counted) {
    out += " " + escaped(session.id) + " " + describe_age(session.created_at, now);
  }
  return out + " wait" + describe(gathered.waiting);
}

std::string describe(const replication::Apply& apply, Time /*now*/) {
  return "Apply " + describe(apply.key);
}

std::string describe(const replication::Verdict& verdict, Time /*now*/) {
  return absl::StrFormat("Verdict %d on %s: yes", verdict.number, describe(verdict.key)) +
         describe(verdict.admitted) + " no" + describe(verdict.refused);
}

std::string describe(const replication::VerdictAck& ack, Time /*now*/) {
  return absl::StrFormat("VerdictAck %d on %s", ack.number, describe(ack.key));
}

}  // namespace

std::vector<Example> examples() {
  const Lifetime lifetime = {30min, 12h};
  const std::vector<Attribute> attributes = {{"lang", "de"}, {"role", "admin"}};
  const std::vector<Patch::Step> steps = {{"cart", "3"}, {"coupon", std::nullopt}, {"empty", ""}};
  const TraceContext trace =
      *TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const Version version = {.epoch = 3, .sequence = 76};
  const std::vector<session::TabView> tabs = {
      {.name = "t2"}, {.name = "t1", .attributes = {{"a", "1"}, {"b", ""}}}};
  const replication::Key ana = {session::KeyView::Kind::kSubject, "ana"};
  const replication::Key app = {session::KeyView::Kind::kLabel,
                                "\x03"
                                "appmail"};
  const membership::Ballot ballot = {.round = 7, .proposer = {0xfeed}};
  const std::vector<replication::Remembered> remembered = {
      {.operation = {{0xfeed}, 1000},
       .segment = {9},
       .result = {.record = record("s-1"), .last_seen = kSent - 2s}},
      {.operation = {{0xbeef}, 7}, .segment = {300}}};
  const std::vector<replication::Event> events = {
      {.cause = replication::Cause::kMissed, .number = version, .version = version, .missed = 3},
      {.cause = replication::Cause::kRotated,
       .number = {.epoch = 3, .sequence = 78},
       .id = "s-2",
       .previous_id = "s-1",
       .phase = Phase::kActive,
       .subject = "ana",
       .version = {.epoch = 4, .sequence = 1}}};
  return {
      {"empty", wire::frame_of({})},
      {"hello", frame_of(membership::Hello{
                    .cluster = "sojourn",
                    .name = "auth-0",
                    .address = "127.0.0.1:7000",
                    .capacity = 2,
                    .zone = "east",
                    .segments = 4096,
                    .copies = 2,
                    .lease = 1s,
                    .wire_version_min = 1,
                    .wire_version_max = 2,
                    .settled = 990,
                    .memory_level = MemoryLevel::kNoStrangers,
                    .leaving = true,
                    .bootstrap_expect = 3,
                    .stamp = 123456,
                    .echo = 123400,
                    .echo_of = {11},
                    .uptime = 5min,
                    .hears = {{22}, {33}},
                    .progress = {.repairs_left = 3, .segments_left = 300, .calls_left = 2},
                    .may_recover = true})},
      {"hello_alone", frame_of(membership::Hello{.cluster = "sojourn",
                                                 .name = "auth-0",
                                                 .address = "127.0.0.1:7000",
                                                 .segments = 4096,
                                                 .copies = 2,
                                                 .lease = 1s,
                                                 .wire_version_min = 1,
                                                 .wire_version_max = 1})},
      {"grant", frame_of(membership::Grant{.stamp = 123456})},
      {"prepare", frame_of(membership::Prepare{.ballot = ballot})},
      {"promise", frame_of(membership::Promise{.ballot = ballot})},
      {"promise_accepted",
       frame_of(membership::Promise{
           .ballot = ballot, .accepted = membership::Ballot{2, {22}}, .layout = layout()})},
      {"propose", frame_of(membership::Propose{.ballot = ballot, .layout = layout()})},
      {"accept", frame_of(membership::Accept{.ballot = ballot})},
      {"refuse", frame_of(membership::Refuse{.ballot = {2, {22}}, .promised = ballot})},
      {"decide", frame_of(membership::Decide{.layout = layout()})},
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
      {"revoke_by_limit",
       request({.verb = Verb::kRevoke, .id = "s-1", .cause = replication::Cause::kRevokedByLimit})},
      {"create_tab", request({.verb = Verb::kCreate,
                              .id = "s-1",
                              .lifetime = lifetime,
                              .steps = {{"", std::nullopt, "t1"}, {"step", "otp", "t1"}}})},
      {"create_remembered", request({.verb = Verb::kCreate,
                                     .id = "s-1",
                                     .phase = Phase::kActive,
                                     .subject = "ana",
                                     .lifetime = lifetime,
                                     .remembered = true})},
      {"patch_tab", request({.verb = Verb::kPatch,
                             .id = "s-1",
                             .steps = {{"", std::nullopt, "t1"},
                                       {"step", "otp", "t1"},
                                       {"tries", std::nullopt, "t1"}},
                             .time_left = 60s})},
      {"erase_tab", request({.verb = Verb::kEraseTab, .id = "s-1", .tab = "t1"})},
      {"authenticate_kept", request({.verb = Verb::kAuthenticate,
                                     .id = "s-1",
                                     .subject = "ana",
                                     .lifetime = lifetime,
                                     .remembered = true,
                                     .keep_id = true,
                                     .time_left = 60s})},
      {"rotate_overlap", request({.verb = Verb::kRotate, .id = "s-1", .overlap = 60s})},
      {"reply_more", frame_of(replication::Reply{
                         .number = 1000,
                         .result = {.record = session::Record::make({.id = "s-1",
                                                                     .lifetime = lifetime,
                                                                     .version = version,
                                                                     .created_at = kSent - 90s,
                                                                     .last_seen = kSent - 5s,
                                                                     .tabs = tabs,
                                                                     .remembered = true,
                                                                     .shortened_to = 100s,
                                                                     .alias_of = "s-2"}),
                                    .last_seen = kSent - 5s}})},
      {"reply", frame_of(replication::Reply{
                    .number = 1000, .result = {.record = record("s-1"), .last_seen = kSent - 5s}})},
      {"reply_ok", frame_of(replication::Reply{.number = 1000})},
      {"reply_error",
       frame_of(replication::Reply{.number = 1000,
                                   .result = {.status = absl::NotFoundError("no such session")}})},
      {"replicate",
       frame_of(replication::Replicate{.segment = {9},
                                       .version = {.epoch = 3, .sequence = 77},
                                       .committed = version,
                                       .operation = {{0xfeed}, 1000},
                                       .settled = 990,
                                       .entries = {{"s-2", record("s-2")}, {"s-1"}},
                                       .occurrence = {replication::Cause::kRotated, {3, 77}},
                                       .delivered_below = {3, 77}})},
      {"replicate_end",
       frame_of(replication::Replicate{
           .segment = {9},
           .version = {.epoch = 4, .sequence = 1},
           .committed = version,
           .entries = {{"s-1"}},
           .occurrence = {replication::Cause::kExpired, {3, 77}, Phase::kActive, "ana"},
           .delivered_below = {3, 70}})},
      {"replicate_ack",
       frame_of(replication::ReplicateAck{{9}, {.epoch = 3, .sequence = 77}, true})},
      {"committed", frame_of(replication::Committed{{9}, {.epoch = 3, .sequence = 77}})},
      {"touched", frame_of(replication::Touched{
                      .number = 5, .uses = {{"s-1", kSent - 2s}, {"s-2", kSent - 1h}}})},
      {"touched_ack", frame_of(replication::TouchedAck{.number = 5})},
      {"pull", frame_of(replication::Pull{.segments = {{{9}, 0x1234567890abcdef}, {{300}, 0}}})},
      {"in_step", frame_of(replication::InStep{.segments = {{9}, {300}},
                                               .remembered = remembered,
                                               .events = {{{9}, events[0]}, {{300}, events[1]}}})},
      {"chunk", frame_of(replication::Chunk{
                    .segment = {9},
                    .transfer = 4,
                    .index = 1,
                    .copies = {{record("s-1"), kSent - 2s}, {record("s-2"), kSent - 5s}},
                    .events = events})},
      {"chunk_last",
       frame_of(replication::Chunk{
           .segment = {9}, .transfer = 4, .index = 2, .last = true, .remembered = remembered})},
      {"chunk_ack", frame_of(replication::ChunkAck{.segment = {9}, .transfer = 4, .index = 1})},
      {"pulled", frame_of(replication::Pulled{.segments = {{9}, {300}}})},
      {"delivered", frame_of(replication::Delivered{
                        .number = 5, .segments = {{{9}, version}, {{300}, {3, 1}}}})},
      {"delivered_ack", frame_of(replication::DeliveredAck{.number = 5})},
      {"put_once", request({.verb = Verb::kPutOnce,
                            .id = "=state",
                            .touch = false,
                            .lifetime = {10min, 10min},
                            .value = "nonce"})},
      {"take", request({.verb = Verb::kTake, .id = "=state", .touch = false})},
      {"get_traced", request({.verb = Verb::kGet, .id = "s-1", .trace = trace})},
      {"take_traced",
       request({.verb = Verb::kTake, .id = "=state", .touch = false, .trace = trace})},
      {"look", request({.verb = Verb::kLook, .id = "!jti", .touch = false})},
      {"add", request({.verb = Verb::kAdd,
                       .id = "+ana",
                       .touch = false,
                       .lifetime = {10min, 10min},
                       .amount = 300})},
      {"reset_counter", request({.verb = Verb::kResetCounter, .id = "+ana", .touch = false})},
      {"revoke_token",
       request(
           {.verb = Verb::kRevokeToken, .id = "!jti", .touch = false, .lifetime = {10min, 10min}})},
      {"reply_value", frame_of(replication::Reply{.number = 1000,
                                                  .result = {.record = companion("=state", "nonce"),
                                                             .last_seen = kSent - kCompanionAge}})},
      {"replicate_companions",
       frame_of(replication::Replicate{
           .segment = {9},
           .version = {.epoch = 3, .sequence = 77},
           .committed = version,
           .operation = {{0xfeed}, 1000},
           .entries = {{.id = "=state", .taken = companion("=state", "nonce")},
                       {"+ana", counter("+ana", 300)},
                       {"!jti", companion("!jti", "")}}})},
      {"create_labelled", request({.verb = Verb::kCreate,
                                   .id = "s-1",
                                   .lifetime = lifetime,
                                   .labels = {"\x03"
                                              "appmail",
                                              "\x05"
                                              "realmblue"},
                                   .overtaken = true})},
      {"reply_labelled",
       frame_of(replication::Reply{
           .number = 1000, .result = {.record = labelled("s-1"), .last_seen = kSent - 5s}})},
      {"gather_list", frame_of(replication::Gather{.number = 1000,
                                                   .settled = 990,
                                                   .time_left = 250ms,
                                                   .inquiry = Inquiry::kList,
                                                   .key = ana,
                                                   .after = "s-1",
                                                   .limit = 100})},
      {"gather_count", frame_of(replication::Gather{.number = 1000,
                                                    .settled = 990,
                                                    .time_left = 250ms,
                                                    .inquiry = Inquiry::kCount,
                                                    .key = app})},
      {"gather_end", frame_of(replication::Gather{.number = 1000,
                                                  .settled = 990,
                                                  .time_left = 250ms,
                                                  .inquiry = Inquiry::kEnd,
                                                  .key = ana,
                                                  .except = "s-1",
                                                  .overtaken = {{{11}, 5}, {{0xfeed}, 1000}}})},
      {"gathered_list", frame_of(replication::Gathered{.number = 1000,
                                                       .inquiry = Inquiry::kList,
                                                       .sessions = {{record("s-1"), kSent - 2s}},
                                                       .more = true})},
      {"gathered_halt",
       frame_of(replication::Gathered{.number = 1000, .inquiry = Inquiry::kHalt, .count = 1001})},
      {"gathered_error",
       frame_of(replication::Gathered{.number = 1000,
                                      .inquiry = Inquiry::kEnd,
                                      .status = absl::ResourceExhaustedError("full")})},
      {"gathered_survey", frame_of(replication::Gathered{.number = 1000,
                                                         .inquiry = Inquiry::kSurvey,
                                                         .counted = {{"s-1", kSent - 2s}},
                                                         .waiting = {{{0xfeed}, 7}}})},
      {"apply", frame_of(replication::Apply{.key = ana})},
      {"verdict",
       frame_of(replication::Verdict{
           .number = 8, .key = ana, .admitted = {{{0xfeed}, 7}}, .refused = {{{11}, 9}}})},
      {"verdict_ack", frame_of(replication::VerdictAck{.number = 8, .key = ana})},
      {"lookup", frame_of(replication::Lookup{.number = 1000, .time_left = 2s, .id = "s-1"})},
      {"lookup_touch", frame_of(replication::Lookup{
                           .number = 1000, .time_left = 2s, .wants_record = false, .id = "s-1"})},
      {"found", frame_of(replication::Found{
                    .number = 1000, .result = {.record = record("s-1"), .last_seen = kSent - 2s}})},
      {"found_packed_id",
       frame_of(replication::Found{
           .number = 1000,
           .result = {.record = record("B" + std::string(31, 'A')), .last_seen = kSent - 2s}})},
      {"found_nothing",
       frame_of(replication::Found{.number = 1000,
                                   .result = {.status = absl::NotFoundError("no such session")}})},
      {"found_declined", frame_of(replication::Found{.number = 1000, .declined = true})},
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
  for (const replication::Lookup& lookup : frame.lookups) {
    out += absl::StrFormat("Lookup %d %dus touch %d record %d %s\n", lookup.number,
                           lookup.time_left.count(), lookup.touch, lookup.wants_record,
                           std::string(lookup.id));
  }
  for (const replication::Found& found : frame.found) {
    out += absl::StrFormat("Found %d declined %d %s\n", found.number, found.declined,
                           describe(found.result, now));
  }
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
