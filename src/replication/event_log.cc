#include "replication/event_log.h"

#include <algorithm>
#include <utility>

namespace sojourn::replication {

void EventLog::keep(SegmentId segment, Event event, std::uint64_t epoch) {
  Entries& entries = segments_[segment.value];
  const auto [at, added] = entries.try_emplace(event.number);
  at->second.epoch = epoch;
  // What is missed stays missed.
  if (!added && at->second.event.cause == Cause::kMissed) return;
  at->second.event = std::move(event);
  if (!added) return;
  ++size_;
  if (size_ - offered_ > events_max_) make_room(entries);
}

// The oldest that nobody was offered becomes the count of those that are missed, or is added to it.
void EventLog::make_room(Entries& entries) {
  const auto oldest = std::find_if(entries.begin(), entries.end(),
                                   [](const auto& entry) { return !entry.second.offered; });
  if (oldest == entries.end()) return;
  const auto missed = [](const Event& event) {
    return event.cause == Cause::kMissed ? event.missed : 1;
  };
  const auto gap = [](Version number, std::uint64_t count) {
    return Event{.cause = Cause::kMissed, .number = number, .version = number, .missed = count};
  };
  const auto next = std::next(oldest);
  if (oldest->second.event.cause != Cause::kMissed || next == entries.end()) {
    oldest->second.event = gap(oldest->first, missed(oldest->second.event));
    return;
  }
  next->second.event = gap(next->first, missed(oldest->second.event) + missed(next->second.event));
  erase(entries, oldest);
}

EventLog::Entries::iterator EventLog::erase(Entries& entries, Entries::iterator at) {
  --size_;
  if (at->second.offered) --offered_;
  return entries.erase(at);
}

std::vector<Event> EventLog::offer(SegmentId segment, Version below) {
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return {};
  std::vector<Event> events;
  for (auto& [number, entry] : found->second) {
    if (number >= below) break;
    if (entry.offered || entry.delivered) continue;
    entry.offered = true;
    ++offered_;
    events.push_back(entry.event);
  }
  return events;
}

void EventLog::delivered(SegmentId segment, Version number) {
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return;
  Entries& entries = found->second;
  if (const auto at = entries.find(number); at != entries.end()) at->second.delivered = true;
  // Subscribers are not equally fast: what is delivered out of order waits for what is before it.
  for (auto at = entries.begin(); at != entries.end() && at->second.delivered;) {
    at = erase(entries, at);
  }
  if (entries.empty()) segments_.erase(found);
}

void EventLog::recall() {
  for (auto& [segment, entries] : segments_) {
    for (auto& [number, entry] : entries) entry.offered = false;
  }
  offered_ = 0;
}

void EventLog::drop_below(SegmentId segment, Version number) {
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return;
  Entries& entries = found->second;
  for (auto at = entries.begin(); at != entries.end() && at->first < number;) {
    at = erase(entries, at);
  }
  if (entries.empty()) segments_.erase(found);
}

std::optional<Version> EventLog::first(SegmentId segment) const {
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return std::nullopt;
  return found->second.begin()->first;
}

std::size_t EventLog::size(SegmentId segment) const {
  const auto found = segments_.find(segment.value);
  return found == segments_.end() ? 0 : found->second.size();
}

std::vector<Event> EventLog::copies(SegmentId segment) const {
  std::vector<Event> copies;
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return copies;
  for (const auto& [number, entry] : found->second) {
    if (!entry.delivered) copies.push_back(entry.event);
  }
  return copies;
}

void EventLog::replace(SegmentId segment, const std::vector<Event>& copies, std::uint64_t epoch) {
  if (const auto found = segments_.find(segment.value); found != segments_.end()) {
    Entries& entries = found->second;
    for (auto at = entries.begin(); at != entries.end();) {
      at = at->second.epoch < epoch ? erase(entries, at) : std::next(at);
    }
    if (entries.empty()) segments_.erase(found);
  }
  for (const Event& copy : copies) {
    const auto found = segments_.find(segment.value);
    // What was written under this epoch was heard of as it is.
    if (found != segments_.end() && found->second.contains(copy.number)) continue;
    keep(segment, copy, epoch);
  }
}

void EventLog::clear(SegmentId segment) {
  const auto found = segments_.find(segment.value);
  if (found == segments_.end()) return;
  for (auto at = found->second.begin(); at != found->second.end();) {
    at = erase(found->second, at);
  }
  segments_.erase(found);
}

void EventLog::clear() {
  segments_.clear();
  size_ = offered_ = 0;
}

}  // namespace sojourn::replication
