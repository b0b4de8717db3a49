#include "wire/controls.h"

#include <absl/strings/str_format.h>
#include <sojourn/v1/peer.pb.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <variant>

#include "base/bytes.h"
#include "wire/frame_tags.h"

namespace sojourn::wire {
namespace {

using membership::Accept;
using membership::Decide;
using membership::Hello;
using membership::Propose;
using membership::ViewRequest;

// --- Writing ------------------------------------------------------------------------------------

void write(const View& view, v1::View& out) {
  out.set_epoch(view.epoch);
  out.set_generation(view.generation);
  out.set_segments(view.segments);
  out.set_copies(view.copies);
  for (const Member& member : view.members) {
    v1::Member& out_member = *out.add_members();
    out_member.set_name(member.name);
    out_member.set_address(member.address);
    out_member.set_incarnation(member.incarnation);
    out_member.set_capacity(member.capacity);
    out_member.set_zone(member.zone);
  }
}

void write(const Hello& hello, v1::Control& out) {
  v1::Hello& out_hello = *out.mutable_hello();
  out_hello.set_cluster(hello.cluster);
  out_hello.set_name(hello.name);
  out_hello.set_segments(hello.segments);
  out_hello.set_copies(hello.copies);
  out_hello.set_members_hash(hello.members_hash);
  out_hello.set_wire_version_min(hello.wire_version_min);
  out_hello.set_wire_version_max(hello.wire_version_max);
  out_hello.set_settled(hello.settled);
  out_hello.set_memory_full(hello.memory_full);
}

void write(const Propose& propose, v1::Control& out) {
  out.mutable_propose()->set_ballot(propose.ballot);
  write(propose.view, *out.mutable_propose()->mutable_view());
}

void write(const Accept& accept, v1::Control& out) {
  out.mutable_accept()->set_ballot(accept.ballot);
}

void write(const Decide& decide, v1::Control& out) {
  write(decide.view, *out.mutable_decide()->mutable_view());
}

void write(const ViewRequest& /*request*/, v1::Control& out) { out.mutable_view_request(); }

// All others are operations.
template <typename Operation>
void write(const Operation& /*operation*/, v1::Control& /*out*/) {
  assert(false && "not a control message");
}

// --- Checking -----------------------------------------------------------------------------------

// Null if all is well, or what is wrong.
using Wrong = const char*;

// Also fields of fields. What is unknown is discarded.
bool has_unknown_fields(v1::Control& control) {
  const std::size_t size = control.ByteSizeLong();
  control.DiscardUnknownFields();
  return control.ByteSizeLong() != size;
}

bool is_name(std::string_view name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 32 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, [&](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_address(std::string_view address) {
  return !address.empty() && address.size() <= kAddressBytesMax &&
         std::ranges::all_of(address, [](char c) { return c > ' ' && c <= '~'; });
}

Wrong check_shape(std::uint32_t segments, std::uint32_t copies) {
  if (!std::has_single_bit(segments) || segments > kSegmentsMax) {
    return "the number of segments is not a power of two up to 65536";
  }
  if (copies < 1 || copies > kCopiesMax) return "the number of copies is not between 1 and 5";
  return nullptr;
}

Wrong check(const v1::Member& member) {
  if (!is_name(member.name())) return "a member's name is malformed";
  if (!is_address(member.address())) return "a member's address is malformed";
  if (member.incarnation() == 0) return "a member's incarnation is zero";
  if (member.capacity() > kCapacityMax) return "a member's capacity is beyond 1000";
  if (!member.zone().empty() && !is_name(member.zone())) return "a member's zone is malformed";
  return nullptr;
}

Wrong check(const v1::View& view) {
  if (view.epoch() == 0) return "the view's epoch is zero";
  if (Wrong wrong = check_shape(view.segments(), view.copies())) return wrong;
  if (view.members_size() == 0) return "the view has no members";
  if (static_cast<std::size_t>(view.members_size()) > kMembersMax) {
    return "the view has more than 1024 members";
  }
  for (const v1::Member& member : view.members()) {
    if (Wrong wrong = check(member)) return wrong;
  }
  const auto unordered = std::ranges::adjacent_find(
      view.members(),
      [](const v1::Member& a, const v1::Member& b) { return a.name() >= b.name(); });
  if (unordered != view.members().end()) return "the view's members are not ordered by name";
  return nullptr;
}

Wrong check(const v1::Hello& hello) {
  if (!is_name(hello.cluster())) return "the cluster's name is malformed";
  if (!is_name(hello.name())) return "the sender's name is malformed";
  if (hello.wire_version_min() == 0 || hello.wire_version_min() > hello.wire_version_max()) {
    return "the range of wire versions is empty";
  }
  return check_shape(hello.segments(), hello.copies());
}

Wrong check(const v1::Propose& propose) { return check(propose.view()); }

Wrong check(const v1::Accept& /*accept*/) { return nullptr; }

Wrong check(const v1::Decide& decide) { return check(decide.view()); }

Wrong check(const v1::ViewRequest& /*request*/) { return nullptr; }

// --- Reading: the fields have been checked ------------------------------------------------------

View read(const v1::View& view) {
  View made = {.epoch = view.epoch(),
               .generation = view.generation(),
               .segments = view.segments(),
               .copies = view.copies()};
  made.members.reserve(static_cast<std::size_t>(view.members_size()));
  for (const v1::Member& member : view.members()) {
    made.members.push_back({.name = member.name(),
                            .address = member.address(),
                            .incarnation = member.incarnation(),
                            .capacity = member.capacity(),
                            .zone = member.zone()});
  }
  return made;
}

Hello read(const v1::Hello& hello) {
  return {.cluster = hello.cluster(),
          .name = hello.name(),
          .segments = hello.segments(),
          .copies = hello.copies(),
          .members_hash = hello.members_hash(),
          .wire_version_min = hello.wire_version_min(),
          .wire_version_max = hello.wire_version_max(),
          .settled = hello.settled(),
          .memory_full = hello.memory_full()};
}

Propose read(const v1::Propose& propose) {
  return {.ballot = propose.ballot(), .view = read(propose.view())};
}

Accept read(const v1::Accept& accept) { return {.ballot = accept.ballot()}; }

Decide read(const v1::Decide& decide) { return {.view = read(decide.view())}; }

ViewRequest read(const v1::ViewRequest& /*request*/) { return {}; }

absl::Status refuse(const char* kind, Wrong wrong) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", kind, wrong));
}

template <typename Message>
absl::Status take(const char* kind, const Message& message, node::Envelope& envelope) {
  if (Wrong wrong = check(message)) return refuse(kind, wrong);
  envelope.message = read(message);
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
  if (bytes.size() > kControlBytesMax) return refuse("Control", "it has more than 512 KiB");
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
      return take("Hello", control.hello(), envelope);
    case v1::Control::kPropose:
      return take("Propose", control.propose(), envelope);
    case v1::Control::kAccept:
      return take("Accept", control.accept(), envelope);
    case v1::Control::kDecide:
      return take("Decide", control.decide(), envelope);
    case v1::Control::kViewRequest:
      return take("ViewRequest", control.view_request(), envelope);
    case v1::Control::MESSAGE_NOT_SET:
      break;
  }
  return refuse("Control", "it holds no message");
}

}  // namespace sojourn::wire
