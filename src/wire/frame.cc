#include "wire/frame.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/bytes.h"
#include "wire/controls.h"
#include "wire/frame_draft.h"
#include "wire/frame_tags.h"
#include "wire/operation_format.h"
#include "wire/operation_reader.h"

namespace sojourn::wire {
namespace {

// What stands in a frame, its messages still as bytes.
struct Fields {
  std::uint64_t cluster = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t answers = 0;
  std::uint64_t waited_us = 0;
  std::uint64_t messages = 0;
  std::uint64_t number = 0;
  std::vector<std::string_view> controls = {};
  std::string_view operations = {};
};

absl::Status refuse(const std::string& why) { return absl::InvalidArgumentError(why); }

absl::StatusOr<Fields> read_fields(std::string_view bytes) {
  ByteReader in(bytes);
  // First, because nothing can be said of other versions.
  if (in.varint32() != kWireVersionTag) return refuse("the frame does not begin with its version");
  const std::uint32_t version = in.varint32();
  if (version != kWireVersion) {
    return refuse(absl::StrFormat("the frame has wire version %d, not %d", version, kWireVersion));
  }

  Fields fields;
  for (std::uint32_t previous = kWireVersionTag; !in.at_end();) {
    const std::uint32_t tag = in.varint32();
    if (tag < previous || (tag == previous && tag != kControlsTag)) {
      return refuse("the frame's fields are not in the order of their numbers");
    }
    previous = tag;
    switch (tag) {
      case kClusterTag:
        fields.cluster = in.fixed64();
        break;
      case kIncarnationTag:
        fields.incarnation = in.fixed64();
        break;
      case kAnswersTag:
        fields.answers = in.varint();
        break;
      case kWaitedTag:
        fields.waited_us = in.varint();
        break;
      case kMessagesTag:
        fields.messages = in.varint();
        break;
      case kNumberTag:
        fields.number = in.varint();
        break;
      case kControlsTag:
        if (fields.controls.size() == fields.messages) {
          return refuse("the frame has more messages than it says");
        }
        fields.controls.push_back(in.string(kFrameBytesMax));
        break;
      case kOperationsTag:
        fields.operations = in.string(kFrameBytesMax);
        break;
      default:
        return refuse("the frame has a field that this wire version does not know");
    }
  }
  if (!in.ok()) return refuse("the frame is cut short or has a malformed number");
  return fields;
}

absl::Status check(const Fields& fields) {
  if (fields.incarnation == 0) return refuse("the frame's sender has no incarnation");
  if (fields.number == 0) return refuse("the frame has no number");
  if (fields.waited_us > static_cast<std::uint64_t>(kWaitedMax.count())) {
    return refuse("the frame waited longer than 24 hours");
  }
  if (fields.messages > kMessagesMax) return refuse("the frame has more than 16384 messages");
  return absl::OkStatus();
}

absl::Status decode_controls(const std::vector<std::string_view>& controls, Frame& frame) {
  for (const std::string_view control : controls) {
    node::Envelope& envelope = frame.envelopes.emplace_back();
    envelope.cluster = frame.cluster;
    envelope.from = frame.from;
    if (absl::Status status = decode_control(control, envelope); !status.ok()) {
      return refuse(
          absl::StrFormat("message %d, %s", frame.envelopes.size(), std::string(status.message())));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string encode_frame(const Frame& frame, Time now) {
  FrameDraft draft;
  for (const node::Envelope& envelope : frame.envelopes) {
    [[maybe_unused]] const bool added = draft.add(envelope, now, kMessageBytesMax);
    assert(added);
  }
  for (const replication::Lookup& lookup : frame.lookups) {
    [[maybe_unused]] const bool added = draft.add(lookup, now, kMessageBytesMax);
    assert(added);
  }
  for (const replication::Found& found : frame.found) {
    [[maybe_unused]] const bool added = draft.add(found, now, kMessageBytesMax);
    assert(added);
  }
  return draft.finish({.number = frame.number,
                       .answers = frame.answers,
                       .cluster = frame.cluster,
                       .from = frame.from},
                      now);
}

absl::StatusOr<Frame> decode_frame(std::string_view bytes, Time now) {
  if (bytes.size() > kFrameBytesMax) return refuse("the frame has more than 4 MiB");
  absl::StatusOr<Fields> fields = read_fields(bytes);
  if (!fields.ok()) return fields.status();
  if (absl::Status status = check(*fields); !status.ok()) return status;

  Frame frame = {.number = fields->number,
                 .answers = fields->answers,
                 .cluster = fields->cluster,
                 .from = {fields->incarnation}};
  if (absl::Status status = decode_controls(fields->controls, frame); !status.ok()) return status;
  absl::Status status = decode_operations(
      fields->operations,
      {.now = now, .waited = Duration(fields->waited_us), .messages = fields->messages}, frame);
  if (!status.ok()) return status;
  if (frame.messages() != fields->messages) {
    return refuse("the frame has fewer messages than it says");
  }
  return frame;
}

}  // namespace sojourn::wire
