#include "wire/frame_draft.h"

#include <algorithm>

#include "base/bytes.h"
#include "wire/controls.h"
#include "wire/frame.h"
#include "wire/frame_tags.h"
#include "wire/operation_format.h"
#include "wire/operation_writer.h"

namespace sojourn::wire {
namespace {

// As Protobuf does, which leaves out what is zero.
void write_integer(std::uint32_t tag, std::uint64_t value, ByteWriter& writer) {
  if (value == 0) return;
  writer.varint(tag);
  writer.varint(value);
}

}  // namespace

template <typename Append>
bool FrameDraft::add_by(Append append, Time now, std::size_t bytes_max) {
  if (messages_ == kMessagesMax) return false;
  if (empty()) begun_ = last_added_ = now;
  // Callers read the clock before they take turns here.
  const Time added = std::max(now, last_added_);

  const std::size_t controls_size = controls_.size();
  const std::size_t operations_size = operations_.size();
  append(added - begun_);
  if (bytes() > bytes_max) {
    controls_.resize(controls_size);
    operations_.resize(operations_size);
    return false;
  }
  last_added_ = added;
  ++messages_;
  return true;
}

bool FrameDraft::add(const node::Envelope& envelope, Time now, std::size_t bytes_max) {
  const auto append = [&](Duration since) {
    if (is_operation(envelope.message)) {
      append_operation(envelope, since, now, operations_);
    } else {
      append_control(envelope, controls_);
    }
  };
  return add_by(append, now, bytes_max);
}

bool FrameDraft::add(const replication::Lookup& lookup, Time now, std::size_t bytes_max) {
  return add_by([&](Duration) { append_lookup(lookup, operations_); }, now, bytes_max);
}

bool FrameDraft::add(const replication::Found& found, Time now, std::size_t bytes_max) {
  const auto append = [&](Duration since) { append_found(found, since, now, operations_); };
  if (!add_by(append, now, bytes_max)) return false;
  ++found_;
  return true;
}

void FrameDraft::clear(std::size_t bytes_max) {
  messages_ = 0;
  found_ = 0;
  for (std::string* text : {&controls_, &operations_}) {
    text->clear();
    if (text->capacity() > bytes_max) text->shrink_to_fit();
  }
}

std::string FrameDraft::finish(const FrameHeader& header, Time now) const {
  std::string out;
  out.reserve(kFrameHeaderBytesMax + bytes());
  ByteWriter writer(out);
  write_integer(kWireVersionTag, kWireVersion, writer);
  writer.varint(kClusterTag);
  writer.fixed64(header.cluster);
  writer.varint(kIncarnationTag);
  writer.fixed64(header.from.value);
  write_integer(kAnswersTag, header.answers, writer);
  if (!empty()) {
    const Duration waited = std::min(std::max(now, last_added_) - begun_, kWaitedMax);
    write_integer(kWaitedTag, static_cast<std::uint64_t>(waited.count()), writer);
    write_integer(kMessagesTag, messages_, writer);
  }
  write_integer(kNumberTag, header.number, writer);
  out += controls_;
  if (!operations_.empty()) {
    writer.varint(kOperationsTag);
    writer.string(operations_);
  }
  return out;
}

}  // namespace sojourn::wire
