// Plane: what subscribers are told, and what is kept of it for the case that its primary goes.

#include <algorithm>

#include "replication/plane.h"
#include "session/companion.h"

namespace sojourn::replication {
namespace {

// How often backups are told what was delivered, if no write says so.
constexpr Duration kTellInterval = std::chrono::milliseconds(250);
constexpr Duration kTellAgain = 2 * kTellInterval;
constexpr std::size_t kTellingsPerMessage = 4096;

}  // namespace

// What a write is said to have done; `before` is what was under its id, or null. Nobody is told of
// companions, nor of the end of an id that its session had given up before.
Occurrence Plane::occurrence_of(Cause cause, const session::Record* before) {
  if (!is_end(cause)) return {.cause = cause};
  if (!before || before->is_alias() || session::is_companion(before->id())) return {};
  return {.cause = cause, .phase = before->phase(), .subject = std::string(before->subject())};
}

// If the session has a new id, the old one comes second.
Event Plane::event_of(const Entries& entries, const Occurrence& occurrence, Version version) {
  Event event = {.cause = occurrence.cause,
                 .number = occurrence.number,
                 .id = entries.front().id,
                 .version = version};
  if (const session::RecordRef& record = entries.front().record; record) {
    event.phase = record->phase();
    event.subject = std::string(record->subject());
  } else {
    event.phase = occurrence.phase;
    event.subject = occurrence.subject;
  }
  if (entries.size() > 1) event.previous_id = entries[1].id;
  return event;
}

void Plane::listen(bool listening) {
  listening_ = listening;
  if (!listening) events_.clear();
}

void Plane::keep_event(SegmentId id, const Entries& entries, const Occurrence& occurrence,
                       Version version) {
  if (!listening_ || occurrence.cause == Cause::kNothing) return;
  events_.keep(id, event_of(entries, occurrence, version), epoch());
}

void Plane::replace_events(SegmentId id, const std::vector<Event>& events) {
  if (listening_) events_.replace(id, events, epoch());
}

// As primary: all events below this number have been delivered, and there will be no others.
Version Plane::delivered_below(SegmentId id) const {
  const Segment& segment = segments_[id.value];
  Version below = version(segment.last_sequence + 1);
  if (!segment.writes.empty()) {
    below = std::min(below, segment.writes.begin()->second.occurrence.number);
  }
  return std::min(below, events_.first(id).value_or(below));
}

// Events are offered in the order of their numbers, so none before the writes that began earlier.
void Plane::offer_events(SegmentId id) {
  const Segment& segment = segments_[id.value];
  const std::uint64_t serving = serving_.epoch_of_segment[id.value].load(std::memory_order_relaxed);
  if (!listening_ || serving == 0) return;
  const Version below = segment.writes.empty() ? version(segment.last_sequence + 1)
                                               : segment.writes.begin()->second.occurrence.number;
  for (Event& event : events_.offer(id, below)) {
    effects_.events.push_back({.segment = id, .serving = serving, .event = std::move(event)});
  }
}

void Plane::delivered(SegmentId segment, Version number) { events_.delivered(segment, number); }

// Telling the backups that keep events.

void Plane::owe_delivered(Time now, SegmentId id, MemberIndex writer) {
  tellings_[writer].next.try_emplace(id);
  if (!tell_due_) tell_due_ = now + kTellInterval;
}

// What the backups of before were to be told is for those of now.
void Plane::tell_new_writers(Time now, const std::map<MemberIndex, Telling>& before) {
  std::set<SegmentId> segments;
  for (const auto& [writer, telling] : before) {
    for (const auto* list : {&telling.told, &telling.next}) {
      for (const auto& [id, below] : *list) segments.insert(id);
    }
  }
  for (const SegmentId id : segments) {
    if (!is_primary(id)) continue;
    for (const MemberIndex writer : roles_->writers(id)) {
      if (writer != *self_) owe_delivered(now, id, writer);
    }
  }
}

void Plane::tell_delivered(Time now) {
  tell_due_.reset();
  for (auto& [writer, telling] : tellings_) {
    if (telling.told.empty()) {
      telling.number = ++tellings_sent_;
      for (auto at = telling.next.begin();
           at != telling.next.end() && telling.told.size() < kTellingsPerMessage;) {
        const SegmentId id = at->first;
        if (!is_primary(id)) {
          at = telling.next.erase(at);
          continue;
        }
        const Version below = is_active(id) ? delivered_below(id) : Version{};
        if (below > at->second) telling.told[id] = at->second = below;
        // What is not delivered yet is looked at again.
        const bool all = below == version(segments_[id.value].last_sequence + 1);
        at = all ? telling.next.erase(at) : std::next(at);
      }
      telling.tell_again_at = now;
    }
    if (telling.told.empty() && telling.next.empty()) continue;
    tell_due_ = now + kTellInterval;
    if (telling.told.empty() || now < telling.tell_again_at) continue;
    telling.tell_again_at = now + kTellAgain;
    Delivered message = {.number = telling.number};
    for (const auto& [id, below] : telling.told) message.segments.push_back({id, below});
    send(writer, std::move(message));
  }
}

void Plane::on(Time /*now*/, MemberIndex from, const DeliveredAck& ack) {
  const auto telling = tellings_.find(from);
  if (telling == tellings_.end() || telling->second.number != ack.number) return;
  telling->second.told.clear();
}

void Plane::on(Time /*now*/, MemberIndex from, const Delivered& delivered) {
  for (const Delivered::Segment& segment : delivered.segments) {
    if (segment.segment.value >= options_.segments) continue;
    if (roles_->is_primary(from, segment.segment)) {
      events_.drop_below(segment.segment, segment.below);
    }
  }
  send(from, DeliveredAck{delivered.number});
}

}  // namespace sojourn::replication
