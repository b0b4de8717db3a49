#include "wire/frame_draft.h"

#include <algorithm>
#include <string_view>

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

// What stands before the messages, of which there are so many, the first of which waited so long.
void write_fields(const FrameHeader& header, std::size_t messages, Duration waited,
                  std::string& out) {
  ByteWriter writer(out);
  write_integer(kWireVersionTag, kWireVersion, writer);
  writer.varint(kClusterTag);
  writer.fixed64(header.cluster);
  writer.varint(kIncarnationTag);
  writer.fixed64(header.from.value);
  write_integer(kAnswersTag, header.answers, writer);
  if (messages > 0) {
    waited = std::min(waited, kWaitedMax);
    write_integer(kWaitedTag, static_cast<std::uint64_t>(waited.count()), writer);
    write_integer(kMessagesTag, messages, writer);
  }
  write_integer(kNumberTag, header.number, writer);
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

void FrameDraft::finish(const FrameHeader& header, Time now, FrameMemory memory) {
  header_.clear();
  header_.reserve(kFrameHeaderBytesMax);
  write_fields(header, messages_, std::max(now, last_added_) - begun_, header_);
  const std::size_t before_controls = header_.size();
  if (!operations_.empty()) {
    ByteWriter writer(header_);
    writer.varint(kOperationsTag);
    writer.varint(operations_.size());
  }

  char* out = memory(header_.size() + bytes());
  const std::string_view before = header_;
  for (const std::string_view part :
       {before.substr(0, before_controls), std::string_view(controls_),
        before.substr(before_controls), std::string_view(operations_)}) {
    out = std::copy(part.begin(), part.end(), out);
  }
}

std::string FrameDraft::finish(const FrameHeader& header, Time now) {
  std::string out;
  out.reserve(kFrameHeaderBytesMax + bytes());
  write_fields(header, messages_, std::max(now, last_added_) - begun_, out);
  out += controls_;
  if (!operations_.empty()) {
    ByteWriter writer(out);
    writer.varint(kOperationsTag);
    writer.string(operations_);
  }
  return out;
}

}  // namespace sojourn::wire
