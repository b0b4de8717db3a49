#include "wire/outbox.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace sojourn::wire {

std::size_t Outbox::Lane::unanswered_max(Others others) const {
  return others == Others::kAnswer && !drafts.front().has_found() ? 1 : kUnansweredMax;
}

bool Outbox::Lane::may_go(Others others) const {
  if (drafts.empty()) return false;
  return unanswered.size() < unanswered_max(others) || !drafts.front().needs_answer();
}

std::size_t Outbox::Lane::share(Others others) const {
  const FrameDraft& next = drafts.front();
  const std::size_t here = next.messages();
  const std::size_t under_way = unanswered.empty() ? 0 : unanswered.back().messages;
  const bool uneven = here >= under_way + kUnevenMin && here + under_way <= kDividedMax;
  return uneven && next.needs_answer() && unanswered_max(others) > 1 ? (here + under_way + 1) / 2
                                                                     : here;
}

Outbox::Drafts Outbox::Lane::take(std::uint64_t number, Others others) {
  Drafts taken;
  if (const std::size_t count = share(others); count < drafts.front().messages()) {
    taken = take_spare();
    drafts.front().move_first(count, taken.front());
  } else {
    taken.splice(taken.begin(), drafts, drafts.begin());
  }
  const FrameDraft& draft = taken.front();
  queued_bytes -= draft.bytes();
  if (draft.needs_answer()) unanswered.push_back({number, draft.messages()});
  return taken;
}

Outbox::Drafts Outbox::Lane::take_spare() {
  Drafts taken;
  if (spare.empty()) {
    taken.emplace_back();
  } else {
    taken.splice(taken.begin(), spare, spare.begin());
  }
  return taken;
}

void Outbox::Lane::put_back(Drafts draft) {
  draft.front().clear(2 * kFrameBytesTarget);
  spare.splice(spare.begin(), draft);
  if (spare.size() > kUnansweredMax) spare.pop_back();
}

void Outbox::Lane::answered(std::uint64_t number) {
  while (!unanswered.empty() && unanswered.front().number <= number) {
    unanswered.erase(unanswered.begin());
  }
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

  Drafts next = lane.take_spare();
  const std::size_t largest = std::min(kMessageBytesMax, lane_bytes_max_);
  absl::Status status;
  if (!next.front().add(message, now, largest)) {
    status = absl::ResourceExhaustedError(
        absl::StrFormat("a message for another member has more than %d bytes", largest));
  } else if (next.front().bytes() > room) {
    status = absl::UnavailableError(
        absl::StrFormat("the queue to the member is full: %d of at most %d bytes wait",
                        lane.queued_bytes, lane.queued_bytes + room));
  }
  if (!status.ok()) {
    lane.put_back(std::move(next));
    return status;
  }
  lane.queued_bytes += next.front().bytes();
  lane.drafts.splice(lane.drafts.end(), next);
  return absl::OkStatus();
}

std::size_t Outbox::room(const Lane& lane) const {
  return std::min(lane_bytes_max_ - lane.queued_bytes, options_.queue_bytes_max - queued_bytes());
}

Outbox::Lane* Outbox::next_lane(Others others) {
  const bool envelopes = envelopes_.may_go(Others::kSilent);
  if (reads_.may_go(others) && !(envelopes && envelopes_next_)) {
    envelopes_next_ = envelopes;
    return &reads_;
  }
  envelopes_next_ = false;
  return envelopes ? &envelopes_ : nullptr;
}

bool Outbox::take_frame(Time now, FrameMemory memory, Others others) {
  if (connection_.write_pending) return false;
  Lane* const lane = next_lane(others);
  const bool must_answer =
      reads_.to_answer >= kUnansweredMax || envelopes_.to_answer >= kUnansweredMax;
  if (!lane && !must_answer) return false;

  ++connection_.sent;
  connection_.write_pending = true;
  reads_.to_answer = 0;
  envelopes_.to_answer = 0;
  Drafts draft = lane ? lane->take(connection_.sent, lane == &reads_ ? others : Others::kSilent)
                      : reads_.take_spare();
  draft.front().finish({.number = connection_.sent,
                        .answers = connection_.received,
                        .cluster = options_.cluster,
                        .from = options_.from},
                       now, memory);
  (lane ? lane : &reads_)->put_back(std::move(draft));
  return true;
}

std::optional<std::string> Outbox::take_frame(Time now, Others others) {
  std::string frame;
  const auto memory = [&](std::size_t bytes) {
    frame.resize(bytes);
    return frame.data();
  };
  const bool taken = take_frame(now, memory, others);
  return taken ? std::make_optional(std::move(frame)) : std::nullopt;
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
