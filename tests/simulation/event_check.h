#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "replication/key.h"
#include "simulation/history.h"
#include "simulation/subscribers.h"

namespace sojourn::simulation {

// What is known of a run when its events are judged.
struct EventContext {
  // Segments of which subscribers were told that they missed events.
  std::set<SegmentId> gaps = {};
  // When, from that time on, all copies of a segment were lost; nothing if they never were.
  std::function<std::optional<Time>(SegmentId, Time)> lost_since = {};
  std::function<SegmentId(const std::string&)> segment_of = {};
  // Whether every session has ended by now, and its end was delivered.
  bool all_ended = false;
  // Subjects and labels all of whose sessions somebody wanted to end.
  std::set<replication::Key> ended = {};
  // Whether a login ends the oldest session of a subject that has as many as it may.
  bool ends_oldest = false;
  // Logins in progress may end to make room in memory for others.
  bool ends_logins = false;
};

// Judges what subscribers were given, in the order in which they were given it. Returns what is
// wrong, one line each; nothing if everything is as docs/events.md promises:
//   - in order: of a segment, no event for the first time after a newer one, unless it was missed
//     before; and under one right to answer none twice;
//   - an event that is repeated says the same as before.
std::vector<std::string> check_order(const std::vector<Delivery>& deliveries,
                                     const std::set<SegmentId>& gaps);

// And if nothing was lost or reported as missed:
//   - each call that was acknowledged and changed a session has its event;
//   - each session is made once, under each id, and ends once; it changes in between only.
std::vector<std::string> check_complete(const std::vector<Delivery>& deliveries,
                                        const std::vector<History>& histories,
                                        const EventContext& context);

// What is told about why a session was revoked is what was asked of it.
std::vector<std::string> check_reasons(const std::vector<Delivery>& deliveries,
                                       const std::vector<History>& histories,
                                       const EventContext& context);

}  // namespace sojourn::simulation
