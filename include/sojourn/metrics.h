#pragma once

#include <sojourn/cookie.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// How a call ended, by the errors that Store lists.
enum class Outcome : std::uint8_t {
  kOk,
  kNotFound,
  kAborted,
  kFailedPrecondition,
  kDataLoss,
  kUnavailable,
  kDeadlineExceeded,
  kResourceExhausted,
  kCancelled,
  kOther,
};
// By Outcome, as operators read them.
inline constexpr std::array<std::string_view, 10> kOutcomeNames = {
    "ok",        "not_found",   "aborted",           "failed_precondition",
    "data_loss", "unavailable", "deadline_exceeded", "resource_exhausted",
    "cancelled", "other",
};

// Who answered a read: this member, or another one.
enum class Place : std::uint8_t { kLocal, kRemote };
inline constexpr std::array<std::string_view, 2> kPlaceNames = {"local", "remote"};

enum class WriteVerb : std::uint8_t {
  kCreate,
  kUpdate,
  kPatch,
  kAuthenticate,
  kRotate,
  kRevoke,
  kEraseTab,
};
inline constexpr std::array<std::string_view, 7> kWriteVerbNames = {
    "create", "update", "patch", "authenticate", "rotate", "revoke", "erase_tab",
};

// What the route of a request's session cookie says of the balancer in front of the members:
// Store::note_route().
enum class Sticky : std::uint8_t {
  kHit,      // the request came to the session's owner
  kMiss,     // to another member, which had to ask the owner
  kNone,     // there is no route in the cookie
  kUnknown,  // the route names no member of the view
};
inline constexpr std::array<std::string_view, 4> kStickyNames = {"hit", "miss", "none", "unknown"};

// How long calls took: how many of them, by steps that double.
struct Latencies {
  static constexpr std::size_t kBuckets = 27;
  // What a call of that bucket took at most; the last bucket is for all that took longer.
  static constexpr std::chrono::nanoseconds bound(std::size_t bucket) {
    return std::chrono::nanoseconds(250) * (std::int64_t{1} << bucket);
  }
  // The bucket of a call that took so long.
  static constexpr std::size_t bucket_of(std::chrono::nanoseconds took) {
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && took > bound(bucket)) ++bucket;
    return bucket;
  }

  std::array<std::uint64_t, kBuckets> counts = {};
  std::chrono::nanoseconds sum = {};

  std::uint64_t count() const {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }
};

// Calls of one kind: how they ended, and how long they took.
struct CallMetrics {
  std::array<std::uint64_t, kOutcomeNames.size()> outcomes = {};
  Latencies latencies = {};

  std::uint64_t of(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
};

// Bytes that wait to be sent to one other member.
struct PeerQueue {
  std::string peer = {};
  std::uint64_t bytes = 0;
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
  std::vector<PeerQueue> peer_queues = {};  // the same for each other member, by name
  std::uint64_t calls_in_flight = 0;
  // Segments of which this member is the primary; of those, the ones that it does not serve yet.
  std::uint64_t segments_primary = 0;
  std::uint64_t segments_waiting = 0;
  // Segments that this member is to hold and has not received yet.
  std::uint64_t segments_learning = 0;
  // Segments that this member holds for another primary.
  std::uint64_t segments_backup = 0;
  // Events that wait for the handlers of this process, and those that are kept here because they
  // may not have been delivered yet; none without a subscription.
  std::uint64_t events_waiting = 0;
  std::uint64_t events_kept = 0;
  // Segments that lost all copies, and that nobody has acknowledged.
  std::uint64_t segments_lost = 0;
  // A counter: those that this member has ever heard of since it was opened.
  std::uint64_t segments_lost_ever = 0;

  // Reads that callers of this member made, by where they were answered and how.
  std::uint64_t reads_local_hit = 0;
  std::uint64_t reads_local_miss = 0;
  std::uint64_t reads_remote_hit = 0;
  std::uint64_t reads_remote_miss = 0;
  std::uint64_t reads_failed = 0;
  // The same reads, by Place: all outcomes, and how long they took. Those that get_local() answers,
  // which take some hundred nanoseconds, are not measured, and of all others each thread measures
  // one in 8, from the call to its answer: so `latencies` counts fewer than `outcomes` do. What was
  // wrong with the request itself (kInvalidArgument) counts nowhere.
  std::array<CallMetrics, kPlaceNames.size()> reads = {};

  // Writes that callers of this member made.
  std::uint64_t writes_local = 0;   // answered by this member as owner
  std::uint64_t writes_remote = 0;  // answered by another
  std::uint64_t writes_failed = 0;  // unavailable, deadline exceeded, resource exhausted

  // The same writes, by WriteVerb; each is measured.
  std::array<CallMetrics, kWriteVerbNames.size()> writes = {};

  // Requests by the route of their session cookie, as noted by Store::note_route(); and those whose
  // route named another member than the session's owner: it has moved, and the browser does not
  // know yet.
  std::array<std::uint64_t, kStickyNames.size()> sticky = {};
  std::uint64_t routes_stale = 0;
  // Session cookies that were refused, as noted by Store::note_rejected(), by CookieFault.
  std::array<std::uint64_t, kCookieFaultNames.size()> cookies_rejected = {};

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
  // Bytes of sessions that moved or were copied between members because the view changed: sent by
  // this member, and received.
  std::uint64_t transfer_bytes_sent = 0;
  std::uint64_t transfer_bytes_received = 0;
  // Frames from other members that were refused as malformed, or of another cluster.
  std::uint64_t frames_rejected = 0;
};

}  // namespace sojourn
