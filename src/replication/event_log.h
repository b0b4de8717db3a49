#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "replication/event.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// The events that one member keeps, segment by segment in the order of their numbers, because they
// may not have been delivered yet: as primary until its subscribers had them, as another writer
// until the primary has said so. Kept by members with subscribers only.
//
// Bounded: beyond `events_max` events that are not offered, the oldest of the segment at hand makes
// room. What made room is counted, by an event (kMissed) in its place; there is one such in each
// segment at most, beside those events. What is offered is bounded by the subscribers' queues.
//
// An engine's part: not safe from several threads.
class EventLog {
 public:
  explicit EventLog(std::size_t events_max) : events_max_(events_max) {}

  // Adds the event, or if one of that number is there, takes over what it says now. `epoch`: of the
  // view under which this member heard of it.
  void keep(SegmentId segment, Event event, std::uint64_t epoch);

  // As primary: the events that are to be offered to subscribers now, in order: those below that
  // number that are not offered.
  std::vector<Event> offer(SegmentId segment, Version below);
  // One that was offered is delivered.
  void delivered(SegmentId segment, Version number);
  // No event counts as offered any more.
  void recall();

  // As another writer: all events below that number are delivered.
  void drop_below(SegmentId segment, Version number);

  // The number of the first that is not known to be delivered.
  std::optional<Version> first(SegmentId segment) const;
  // All of the segment, for a member that is brought into step.
  std::vector<Event> copies(SegmentId segment) const;
  // What was heard of before the epoch counts for nothing against what the primary has.
  void replace(SegmentId segment, const std::vector<Event>& copies, std::uint64_t epoch);

  void clear(SegmentId segment);
  void clear();

  std::size_t size() const { return size_; }
  std::size_t size(SegmentId segment) const;

 private:
  struct Entry {
    Event event = {};
    std::uint64_t epoch = 0;
    bool offered = false;
    bool delivered = false;
  };
  using Entries = std::map<Version, Entry>;

  Entries::iterator erase(Entries& entries, Entries::iterator at);
  void make_room(Entries& entries);

  const std::size_t events_max_;
  // Of segments that have any.
  std::unordered_map<std::uint32_t, Entries> segments_;
  std::size_t size_ = 0;
  std::size_t offered_ = 0;
};

}  // namespace sojourn::replication
