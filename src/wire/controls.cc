#include "wire/controls.h"

#include <absl/strings/str_format.h>
#include <sojourn/v1/peer.pb.h>

#include <algorithm>
#include <cassert>
#include <variant>

#include "base/bytes.h"
#include "wire/bounds.h"
#include "wire/checks.h"
#include "wire/frame_tags.h"
#include "wire/layouts.h"

namespace sojourn::wire {
namespace {

using membership::Accept;
using membership::Ballot;
using membership::Decide;
using membership::Grant;
using membership::Hello;
using membership::Prepare;
using membership::Promise;
using membership::Propose;
using membership::Refuse;
using membership::ViewRequest;

// --- Writing ------------------------------------------------------------------------------------

std::uint64_t microseconds(Duration duration, Duration max) {
  return static_cast<std::uint64_t>(std::clamp(duration, Duration::zero(), max).count());
}

void write(const Ballot& ballot, v1::Ballot& out) {
  out.set_round(ballot.round);
  out.set_proposer(ballot.proposer.value);
}

void write(const Hello& hello, v1::Control& out) {
  v1::Hello& out_hello = *out.mutable_hello();
  out_hello.set_cluster(hello.cluster);
  out_hello.set_name(hello.name);
  out_hello.set_address(hello.address);
  out_hello.set_capacity(hello.capacity);
  out_hello.set_zone(hello.zone);
  out_hello.set_segments(hello.segments);
  out_hello.set_copies(hello.copies);
  out_hello.set_lease_us(microseconds(hello.lease, kLeaseMax));
  out_hello.set_wire_version_min(hello.wire_version_min);
  out_hello.set_wire_version_max(hello.wire_version_max);
  out_hello.set_settled(hello.settled);
  out_hello.set_memory_level(static_cast<std::uint32_t>(hello.memory_level));
  out_hello.set_leaving(hello.leaving);
  out_hello.set_bootstrap_expect(hello.bootstrap_expect);
  out_hello.set_stamp(hello.stamp);
  out_hello.set_uptime_us(microseconds(hello.uptime, kUptimeMax));
  for (const Incarnation heard : hello.hears) out_hello.add_hears(heard.value);
  if (hello.progress != membership::Progress{}) {
    out_hello.mutable_progress()->set_repairs_left(hello.progress.repairs_left);
    out_hello.mutable_progress()->set_segments_left(hello.progress.segments_left);
    out_hello.mutable_progress()->set_calls_left(hello.progress.calls_left);
  }
  out_hello.set_may_recover(hello.may_recover);
  out_hello.set_echo(hello.echo);
  out_hello.set_echo_of(hello.echo_of.value);
}

void write(const Grant& grant, v1::Control& out) { out.mutable_grant()->set_stamp(grant.stamp); }

void write(const Prepare& prepare, v1::Control& out) {
  write(prepare.ballot, *out.mutable_prepare()->mutable_ballot());
}

void write(const Promise& promise, v1::Control& out) {
  v1::Promise& out_promise = *out.mutable_promise();
  write(promise.ballot, *out_promise.mutable_ballot());
  if (!promise.accepted) return;
  write(*promise.accepted, *out_promise.mutable_accepted());
  write_layout(promise.layout, *out_promise.mutable_layout());
}

void write(const Propose& propose, v1::Control& out) {
  write(propose.ballot, *out.mutable_propose()->mutable_ballot());
  write_layout(propose.layout, *out.mutable_propose()->mutable_layout());
  out.mutable_propose()->set_forced(propose.forced);
}

void write(const Accept& accept, v1::Control& out) {
  write(accept.ballot, *out.mutable_accept()->mutable_ballot());
}

void write(const Refuse& refuse, v1::Control& out) {
  write(refuse.ballot, *out.mutable_refuse()->mutable_ballot());
  write(refuse.promised, *out.mutable_refuse()->mutable_promised());
}

void write(const Decide& decide, v1::Control& out) {
  write_layout(decide.layout, *out.mutable_decide()->mutable_layout());
}

void write(const ViewRequest& /*request*/, v1::Control& out) { out.mutable_view_request(); }

// All others are operations.
template <typename Operation>
void write(const Operation& /*operation*/, v1::Control& /*out*/) {
  assert(false && "not a control message");
}

// --- Reading ------------------------------------------------------------------------------------

// Also fields of fields. What is unknown is discarded.
bool has_unknown_fields(v1::Control& control) {
  const std::size_t size = control.ByteSizeLong();
  control.DiscardUnknownFields();
  return control.ByteSizeLong() != size;
}

Wrong check(const v1::Hello& hello) {
  if (!is_name(hello.cluster())) return "the cluster's name is malformed";
  if (!is_name(hello.name())) return "the sender's name is malformed";
  if (!is_address(hello.address())) return "the sender's address is malformed";
  if (hello.capacity() > kCapacityMax) return "the sender's capacity is beyond 1000";
  if (!hello.zone().empty() && !is_name(hello.zone())) return "the sender's zone is malformed";
  if (hello.lease_us() > static_cast<std::uint64_t>(kLeaseMax.count())) {
    return "the lease is longer than 24 hours";
  }
  if (hello.wire_version_min() == 0 || hello.wire_version_min() > hello.wire_version_max()) {
    return "the range of wire versions is empty";
  }
  if (hello.memory_level() > static_cast<std::uint32_t>(MemoryLevel::kNoNewcomers)) {
    return "the sender's memory level is beyond 2";
  }
  if (hello.bootstrap_expect() > kMembersMax) return "it expects more than 1024 members";
  if (hello.uptime_us() > static_cast<std::uint64_t>(kUptimeMax.count())) {
    return "the sender has run longer than 100 years";
  }
  if (static_cast<std::size_t>(hello.hears_size()) > kMembersMax) {
    return "the sender hears more than 1024 members";
  }
  if (std::ranges::find(hello.hears(), 0U) != hello.hears().end()) {
    return "the sender hears an incarnation of zero";
  }
  if (std::max(hello.progress().repairs_left(), hello.progress().segments_left()) > kSegmentsMax) {
    return "the sender lacks more than 65536 segments";
  }
  return check_shape(hello.segments(), hello.copies());
}

Wrong read(const v1::Hello& in, Hello& hello) {
  if (Wrong wrong = check(in)) return wrong;
  hello = {.cluster = in.cluster(),
           .name = in.name(),
           .address = in.address(),
           .capacity = in.capacity(),
           .zone = in.zone(),
           .segments = in.segments(),
           .copies = in.copies(),
           .lease = Duration(in.lease_us()),
           .wire_version_min = in.wire_version_min(),
           .wire_version_max = in.wire_version_max(),
           .settled = in.settled(),
           .memory_level = static_cast<MemoryLevel>(in.memory_level()),
           .leaving = in.leaving(),
           .bootstrap_expect = in.bootstrap_expect(),
           .stamp = in.stamp(),
           .echo = in.echo(),
           .echo_of = {in.echo_of()},
           .uptime = Duration(in.uptime_us()),
           .progress = {.repairs_left = in.progress().repairs_left(),
                        .segments_left = in.progress().segments_left(),
                        .calls_left = in.progress().calls_left()},
           .may_recover = in.may_recover()};
  hello.hears.reserve(static_cast<std::size_t>(in.hears_size()));
  for (const std::uint64_t heard : in.hears()) hello.hears.push_back({heard});
  return nullptr;
}

Wrong read(const v1::Ballot& in, Ballot& ballot) {
  if (in.proposer() == 0) return "a ballot has no proposer";
  ballot = {.round = in.round(), .proposer = {in.proposer()}};
  return nullptr;
}

Wrong read(const v1::Grant& in, Grant& grant) {
  grant.stamp = in.stamp();
  return nullptr;
}

Wrong read(const v1::Prepare& in, Prepare& prepare) { return read(in.ballot(), prepare.ballot); }

Wrong read(const v1::Promise& in, Promise& promise) {
  if (Wrong wrong = read(in.ballot(), promise.ballot)) return wrong;
  if (in.has_accepted() != in.has_layout()) return "a ballot and a layout do not come together";
  if (!in.has_accepted()) return nullptr;
  if (Wrong wrong = read(in.accepted(), promise.accepted.emplace())) return wrong;
  return read_layout(in.layout(), promise.layout);
}

Wrong read(const v1::Propose& in, Propose& propose) {
  if (Wrong wrong = read(in.ballot(), propose.ballot)) return wrong;
  propose.forced = in.forced();
  return read_layout(in.layout(), propose.layout);
}

Wrong read(const v1::Accept& in, Accept& accept) { return read(in.ballot(), accept.ballot); }

Wrong read(const v1::Refuse& in, Refuse& refuse) {
  if (Wrong wrong = read(in.ballot(), refuse.ballot)) return wrong;
  return read(in.promised(), refuse.promised);
}

Wrong read(const v1::Decide& in, Decide& decide) { return read_layout(in.layout(), decide.layout); }

Wrong read(const v1::ViewRequest& /*in*/, ViewRequest& /*request*/) { return nullptr; }

absl::Status refuse(const char* kind, Wrong wrong) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", kind, wrong));
}

template <typename Message, typename In>
absl::Status take(const char* kind, const In& in, node::Envelope& envelope) {
  if (Wrong wrong = read(in, envelope.message.emplace<Message>())) return refuse(kind, wrong);
  return absl::OkStatus();
}

}  // namespace

void append_control(const node::Envelope& envelope, std::string& out) {
  v1::Control control;
  control.set_generation(envelope.generation);
  control.set_epoch(envelope.epoch);
  std::visit([&control](const auto& message) { write(message, control); }, envelope.message);

  ByteWriter writer(out);
  writer.varint(kControlsTag);
  writer.string(control.SerializeAsString());
}

absl::Status decode_control(std::string_view bytes, node::Envelope& envelope) {
  if (bytes.size() > kControlBytesMax) return refuse("Control", "it has more than 2 MiB");
  v1::Control control;
  if (!control.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return refuse("Control", "it is no Protobuf message of this type");
  }
  if (has_unknown_fields(control)) {
    return refuse("Control", "it has a field that this wire version does not know");
  }

  envelope.generation = control.generation();
  envelope.epoch = control.epoch();
  switch (control.message_case()) {
    case v1::Control::kHello:
      return take<Hello>("Hello", control.hello(), envelope);
    case v1::Control::kGrant:
      return take<Grant>("Grant", control.grant(), envelope);
    case v1::Control::kPrepare:
      return take<Prepare>("Prepare", control.prepare(), envelope);
    case v1::Control::kPromise:
      return take<Promise>("Promise", control.promise(), envelope);
    case v1::Control::kPropose:
      return take<Propose>("Propose", control.propose(), envelope);
    case v1::Control::kAccept:
      return take<Accept>("Accept", control.accept(), envelope);
    case v1::Control::kRefuse:
      return take<Refuse>("Refuse", control.refuse(), envelope);
    case v1::Control::kDecide:
      return take<Decide>("Decide", control.decide(), envelope);
    case v1::Control::kViewRequest:
      return take<ViewRequest>("ViewRequest", control.view_request(), envelope);
    case v1::Control::MESSAGE_NOT_SET:
      break;
  }
  return refuse("Control", "it holds no message");
}

}  // namespace sojourn::wire
