#include "wire/outbox.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace sojourn::wire {

bool Outbox::Lane::may_go() const {
  if (drafts.empty()) return false;
  return unanswered.size() < kUnansweredMax || !drafts.front().needs_answer();
}

FrameDraft Outbox::Lane::take(std::uint64_t number) {
  FrameDraft draft = std::move(drafts.front());
  drafts.pop_front();
  queued_bytes -= draft.bytes();
  if (draft.needs_answer()) unanswered.push_back(number);
  return draft;
}

void Outbox::Lane::answered(std::uint64_t number) {
  while (!unanswered.empty() && unanswered.front() <= number) unanswered.erase(unanswered.begin());
}

std::size_t Outbox::Lane::reset() {
  std::size_t dropped = 0;
  for (const FrameDraft& draft : drafts) dropped += draft.messages();
  drafts.clear();
  queued_bytes = 0;
  unanswered.clear();
  to_answer = 0;
  return dropped;
}

Outbox::Outbox(OutboxOptions options)
    : options_(options), lane_bytes_max_(options.queue_bytes_max - options.queue_bytes_max / 8) {}

absl::Status Outbox::push(const node::Envelope& envelope, Time now) {
  assert(envelope.cluster == options_.cluster && envelope.from == options_.from);
  return push(envelope, now, envelopes_);
}

absl::Status Outbox::push(const replication::Lookup& lookup, Time now) {
  return push(lookup, now, reads_);
}

absl::Status Outbox::push(const replication::Found& found, Time now) {
  return push(found, now, reads_);
}

template <typename Message>
absl::Status Outbox::push(const Message& message, Time now, Lane& lane) {
  const std::size_t room = this->room(lane);
  if (!lane.drafts.empty()) {
    FrameDraft& last = lane.drafts.back();
    const std::size_t before = last.bytes();
    if (last.add(message, now, std::min(kFrameBytesTarget, before + room))) {
      lane.queued_bytes += last.bytes() - before;
      return absl::OkStatus();
    }
  }

  FrameDraft next = std::exchange(lane.spare, {});
  const std::size_t largest = std::min(kMessageBytesMax, lane_bytes_max_);
  if (!next.add(message, now, largest)) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("a message for another member has more than %d bytes", largest));
  }
  if (next.bytes() > room) {
    return absl::UnavailableError(
        absl::StrFormat("the queue to the member is full: %d of at most %d bytes wait",
                        lane.queued_bytes, lane.queued_bytes + room));
  }
  lane.queued_bytes += next.bytes();
  lane.drafts.push_back(std::move(next));
  return absl::OkStatus();
}

std::size_t Outbox::room(const Lane& lane) const {
  return std::min(lane_bytes_max_ - lane.queued_bytes, options_.queue_bytes_max - queued_bytes());
}

Outbox::Lane* Outbox::next_lane() {
  const bool envelopes = envelopes_.may_go();
  if (reads_.may_go() && !(envelopes && envelopes_next_)) {
    envelopes_next_ = envelopes;
    return &reads_;
  }
  envelopes_next_ = false;
  return envelopes ? &envelopes_ : nullptr;
}

std::optional<std::string> Outbox::take_frame(Time now) {
  if (connection_.write_pending) return std::nullopt;
  Lane* const lane = next_lane();
  const bool must_answer =
      reads_.to_answer >= kUnansweredMax || envelopes_.to_answer >= kUnansweredMax;
  if (!lane && !must_answer) return std::nullopt;

  ++connection_.sent;
  connection_.write_pending = true;
  reads_.to_answer = 0;
  envelopes_.to_answer = 0;
  const FrameHeader header = {.number = connection_.sent,
                              .answers = connection_.received,
                              .cluster = options_.cluster,
                              .from = options_.from};
  if (!lane) return FrameDraft().finish(header, now);

  FrameDraft draft = lane->take(connection_.sent);
  std::string frame = draft.finish(header, now);
  draft.clear(2 * kFrameBytesTarget);
  lane->spare = std::move(draft);
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
  reads_.answered(frame.answers);
  envelopes_.answered(frame.answers);
  if (!frame.lookups.empty()) ++reads_.to_answer;
  if (!frame.envelopes.empty()) ++envelopes_.to_answer;
  return absl::OkStatus();
}

std::size_t Outbox::reset() {
  connection_ = {};
  envelopes_next_ = false;
  return reads_.reset() + envelopes_.reset();
}

}  // namespace sojourn::wire
