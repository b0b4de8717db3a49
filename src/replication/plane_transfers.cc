// Plane as primary: bringing the other writers of its segments into step.

#include <chrono>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "replication/plane.h"

namespace sojourn::replication {
namespace {

// Of a message that says which segments are in step. One segment may be more than that.
constexpr std::size_t kSegmentsPerMessage = 1024;
constexpr std::size_t kBytesPerMessage = std::size_t{1} << 20;
// A segment with more events is sent in chunks, though its sessions are equal.
constexpr std::size_t kEventsInStepMax = 32;
// How often a holder is told that it is in step until it says so too.
constexpr Duration kInStepAgain = std::chrono::milliseconds(100);

}  // namespace

void Plane::on(Time now, MemberIndex from, const Pull& pull) {
  using Standing = Segment::Standing;
  std::set<SegmentId> in_step_by_rule;
  std::set<SegmentId> equal;
  std::vector<SegmentId> wanted;
  for (const auto& standing : pull.segments) {
    const SegmentId id = standing.segment;
    if (id.value >= options_.segments || !is_primary(id) || !roles_->is_writer(from, id)) continue;
    const Segment& segment = this->segment(id);
    const bool holder = roles_->is_holder(from, id);
    // Under a primary that goes on a holder is in step by the rules of writing.
    const bool by_rule = holder && (segment.standing != Standing::kPromoted ||
                                    !options_.rules.keep(Rule::kSynchronization));
    if (by_rule) {
      in_step_by_rule.insert(id);
    } else if (replica_.digest(id) == standing.digest && events_.size(id) <= kEventsInStepMax) {
      equal.insert(id);
    } else {
      wanted.push_back(id);
    }
  }
  for (const SegmentId id : equal) {
    if (segment(id).out_of_step.contains(from)) told_in_step_[from].insert(id);
  }
  send_in_step(now, from, in_step_by_rule, false);
  send_in_step(now, from, equal, true);
  if (wanted.empty()) return;
  Sending& sending = sendings_.try_emplace(from, options_.sending).first->second;
  spread(wanted);
  for (const SegmentId id : wanted) sending.want(id);
  send_chunks(now, from, sending);
}

void Plane::send_in_step(Time now, MemberIndex to, const std::set<SegmentId>& segments,
                         bool compared) {
  if (segments.empty()) return;
  std::map<SegmentId, std::vector<Remembered>> remembered;
  if (compared) {
    for (Remembered& one : memo_.of_segments(segments)) {
      remembered[one.segment].push_back(std::move(one));
    }
  }
  InStep message = {.compared = compared};
  std::size_t bytes = 0;
  for (const SegmentId id : segments) {
    message.segments.push_back(id);
    if (compared) {
      for (Event& event : events_.copies(id)) {
        bytes += kEventBytes;
        message.events.push_back({id, std::move(event)});
        owe_delivered(now, id, to);
      }
    }
    for (Remembered& one : remembered[id]) {
      bytes += one.result.record ? one.result.record->bytes() : 0;
      message.remembered.push_back(std::move(one));
    }
    if (message.segments.size() < kSegmentsPerMessage && bytes < kBytesPerMessage) continue;
    send(to, std::exchange(message, {.compared = compared}));
    bytes = 0;
  }
  if (!message.segments.empty()) send(to, std::move(message));
  if (!in_step_due_) in_step_due_ = now + kInStepAgain;
}

void Plane::send_chunks(Time now, MemberIndex to, Sending& sending) {
  for (Chunk& chunk : sending.take_chunks(now, replica_, memo_, events_)) {
    if (!chunk.events.empty()) owe_delivered(now, chunk.segment, to);
    send(to, std::move(chunk));
  }
}

void Plane::on(Time now, MemberIndex from, const ChunkAck& ack) {
  const auto sending = sendings_.find(from);
  if (sending == sendings_.end()) return;
  if (const auto complete = sending->second.acknowledged(ack)) {
    heard_in_step(now, from, *complete);
  }
  send_chunks(now, from, sending->second);
}

void Plane::on(Time now, MemberIndex from, const Pulled& pulled) {
  for (const SegmentId id : pulled.segments) {
    if (id.value < options_.segments) heard_in_step(now, from, id);
  }
}

void Plane::heard_in_step(Time now, MemberIndex from, SegmentId id) {
  if (const auto told = told_in_step_.find(from); told != told_in_step_.end()) {
    told->second.erase(id);
  }
  Segment& segment = this->segment(id);
  if (segment.out_of_step.erase(from) > 0) activate_if_ready(now, id);
}

}  // namespace sojourn::replication
