#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sojourn {

// Whether this member can serve, in words an operator can act on.
struct Health {
  // The store was opened and its threads run.
  bool live = false;
  // This member is in a view, under a lease, and answers for its segments.
  bool ready = false;
  // Why it is not ready and what it waits for; "ready" otherwise.
  std::string reason = {};
  // This member may stop: every segment has all its copies. It may stop in any case after
  // Store::async_drain().
  bool safe = false;
  // Why it is not; "safe" otherwise.
  std::string safe_reason = {};
  // Store::async_drain() was called; and this member has left.
  bool leaving = false;
  bool left = false;
};

// Counters since the store was opened, and gauges of now. Each is read by itself: a snapshot taken
// under load need not add up.
struct Metrics {
  // Gauges.
  std::uint64_t epoch = 0;
  std::uint64_t members = 0;
  std::uint64_t members_connected = 0;  // the others that answer heartbeats
  std::uint64_t sessions_login = 0;     // held here, as owner or backup
  std::uint64_t sessions_active = 0;
  // sojourn_companions{kind}: held here, as owner or backup; none counts as a session.
  std::uint64_t companions_single_use = 0;
  std::uint64_t companions_counters = 0;
  std::uint64_t companions_revoked = 0;
  std::uint64_t bytes = 0;      // what all of these take, as bounded by memory_bytes
  std::uint64_t bytes_max = 0;  // that bound
  std::uint64_t queue_bytes = 0;
  std::uint64_t calls_in_flight = 0;
  // Segments of which this member is the primary; of those, the ones that it does not serve yet.
  std::uint64_t segments_primary = 0;
  std::uint64_t segments_waiting = 0;
  // Segments that this member is to hold and has not received yet.
  std::uint64_t segments_learning = 0;
  // Events that wait for the handlers of this process, and those that are kept here because they
  // may not have been delivered yet; none without a subscription.
  std::uint64_t events_waiting = 0;
  std::uint64_t events_kept = 0;
  // Segments that lost all copies, and that nobody has acknowledged.
  std::uint64_t segments_lost = 0;

  // Reads that callers of this member made, by where they were answered and how.
  std::uint64_t reads_local_hit = 0;
  std::uint64_t reads_local_miss = 0;
  std::uint64_t reads_remote_hit = 0;
  std::uint64_t reads_remote_miss = 0;
  std::uint64_t reads_failed = 0;

  // Writes that callers of this member made.
  std::uint64_t writes_local = 0;   // answered by this member as owner
  std::uint64_t writes_remote = 0;  // answered by another
  std::uint64_t writes_failed = 0;  // unavailable, deadline exceeded, resource exhausted

  // Calls for companions that callers of this member made; none counts as a read or write above.
  std::uint64_t companion_calls_local = 0;   // answered by this member as owner
  std::uint64_t companion_calls_remote = 0;  // answered by another
  std::uint64_t companion_calls_failed = 0;  // as for writes
  // Questions about all sessions of a subject or label that callers of this member asked.
  std::uint64_t questions_answered = 0;
  std::uint64_t questions_failed = 0;

  // Requests of other members that this one answered.
  std::uint64_t requests_served = 0;
  // Sessions that ended because their time was up, decided by this member.
  std::uint64_t expired = 0;
  // The same of companions.
  std::uint64_t companions_expired = 0;
  // Events that handlers of this process were given, and those that a subscription missed: each
  // counts once for each subscription.
  std::uint64_t events_delivered = 0;
  std::uint64_t events_missed = 0;
  // What this member refused as owner because there was no memory for it, here or on a backup.
  std::uint64_t refused_for_memory = 0;
  // Logins in progress that this member ended to make room: StoreOptions::logins_when_full.
  std::uint64_t logins_ended_for_room = 0;
  // Frames from other members that were refused as malformed, or of another cluster.
  std::uint64_t frames_rejected = 0;
};

}  // namespace sojourn
