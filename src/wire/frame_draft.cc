#include "wire/frame_draft.h"

#include <algorithm>
#include <cassert>
#include <iterator>
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
bool FrameDraft::add_by(Append append, Time now, std::size_t bytes_max, bool found) {
  if (messages() == kMessagesMax) return false;
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
  messages_.push_back({.controls_end = static_cast<std::uint32_t>(controls_.size()),
                       .operations_end = static_cast<std::uint32_t>(operations_.size()),
                       .found = found});
  if (found) ++found_;
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
  return add_by(append, now, bytes_max, true);
}

void FrameDraft::move_first(std::size_t count, FrameDraft& to) {
  assert(to.empty() && count > 0 && count < messages());
  const auto rest = messages_.begin() + static_cast<std::ptrdiff_t>(count);
  const Message last = *std::prev(rest);
  to.begun_ = begun_;
  to.last_added_ = last_added_;
  to.messages_.assign(messages_.begin(), rest);
  to.found_ = static_cast<std::size_t>(
      std::count_if(messages_.begin(), rest, [](const Message& each) { return each.found; }));
  to.controls_.assign(controls_, 0, last.controls_end);
  to.operations_.assign(operations_, 0, last.operations_end);

  found_ -= to.found_;
  messages_.erase(messages_.begin(), rest);
  for (Message& each : messages_) {
    each.controls_end -= last.controls_end;
    each.operations_end -= last.operations_end;
  }
  controls_.erase(0, last.controls_end);
  operations_.erase(0, last.operations_end);
}

void FrameDraft::clear(std::size_t bytes_max) {
  messages_.clear();
  found_ = 0;
  for (std::string* text : {&controls_, &operations_}) {
    text->clear();
    if (text->capacity() > bytes_max) text->shrink_to_fit();
  }
}

void FrameDraft::finish(const FrameHeader& header, Time now, FrameMemory memory) {
  header_.clear();
  header_.reserve(kFrameHeaderBytesMax);
  write_fields(header, messages(), std::max(now, last_added_) - begun_, header_);
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
  write_fields(header, messages(), std::max(now, last_added_) - begun_, out);
  out += controls_;
  if (!operations_.empty()) {
    ByteWriter writer(out);
    writer.varint(kOperationsTag);
    writer.string(operations_);
  }
  return out;
}

}  // namespace sojourn::wire
