#include "wire/outbox.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace sojourn::wire {

Outbox::Outbox(OutboxOptions options) : options_(options) {}

absl::Status Outbox::push(const node::Envelope& envelope, Time now) {
  assert(envelope.cluster == options_.cluster && envelope.from == options_.from);
  return push_any(envelope, now);
}

absl::Status Outbox::push(const replication::Lookup& lookup, Time now) {
  return push_any(lookup, now);
}

absl::Status Outbox::push(const replication::Found& found, Time now) {
  return push_any(found, now);
}

template <typename Message>
absl::Status Outbox::push_any(const Message& message, Time now) {
  const std::size_t room = options_.queue_bytes_max - queued_bytes_;
  if (!drafts_.empty()) {
    FrameDraft& last = drafts_.back();
    const std::size_t before = last.bytes();
    if (last.add(message, now, std::min(kFrameBytesTarget, before + room))) {
      queued_bytes_ += last.bytes() - before;
      return absl::OkStatus();
    }
  }

  FrameDraft next = std::exchange(spare_, {});
  const std::size_t largest = std::min(kMessageBytesMax, options_.queue_bytes_max);
  if (!next.add(message, now, largest)) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("a message for another member has more than %d bytes", largest));
  }
  if (next.bytes() > room) {
    return absl::UnavailableError(
        absl::StrFormat("the queue to the member is full: %d of at most %d bytes wait",
                        queued_bytes_, options_.queue_bytes_max));
  }
  queued_bytes_ += next.bytes();
  drafts_.push_back(std::move(next));
  return absl::OkStatus();
}

std::optional<std::string> Outbox::take_frame(Time now) {
  if (connection_.write_pending) return std::nullopt;
  const bool may_send_messages = connection_.unanswered.size() < kUnansweredMax;
  const bool must_answer = connection_.to_answer >= kUnansweredMax;

  FrameDraft draft;
  if (may_send_messages && !drafts_.empty()) {
    draft = std::move(drafts_.front());
    drafts_.pop_front();
    queued_bytes_ -= draft.bytes();
    connection_.unanswered.push_back(connection_.sent + 1);
  } else if (!must_answer) {
    return std::nullopt;
  }
  ++connection_.sent;
  connection_.to_answer = 0;
  connection_.write_pending = true;
  std::string frame = draft.finish({.number = connection_.sent,
                                    .answers = connection_.received,
                                    .cluster = options_.cluster,
                                    .from = options_.from},
                                   now);
  draft.clear(2 * kFrameBytesTarget);
  spare_ = std::move(draft);
  return frame;
}

void Outbox::written() { connection_.write_pending = false; }

absl::Status Outbox::received(const Frame& frame) {
  if (frame.number != connection_.received + 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("frame %d came after frame %d", frame.number, connection_.received));
  }
  if (frame.answers > connection_.sent) {
    return absl::InvalidArgumentError(
        absl::StrFormat("frame %d answers frame %d, and only %d were sent", frame.number,
                        frame.answers, connection_.sent));
  }
  if (frame.answers < connection_.answered) {
    return absl::InvalidArgumentError(
        absl::StrFormat("frame %d answers frame %d, after an answer to frame %d", frame.number,
                        frame.answers, connection_.answered));
  }
  connection_.received = frame.number;
  connection_.answered = frame.answers;
  while (!connection_.unanswered.empty() && connection_.unanswered.front() <= connection_.answered)
    connection_.unanswered.pop_front();
  if (frame.messages() > 0) ++connection_.to_answer;
  return absl::OkStatus();
}

std::size_t Outbox::reset() {
  std::size_t dropped = 0;
  for (const FrameDraft& draft : drafts_) dropped += draft.messages();
  drafts_.clear();
  queued_bytes_ = 0;
  connection_ = {};
  return dropped;
}

}  // namespace sojourn::wire
