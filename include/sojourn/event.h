#pragma once

#include <sojourn/export.h>
#include <sojourn/session.h>
#include <sojourn/session_id.h>
#include <sojourn/version.h>
#include <sojourn/view.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// What happened.
enum class EventKind : std::uint8_t {
  // To one session; a login in progress is one too, and Event::phase tells which.
  kCreated,
  kAuthenticated,  // a login became the user's session, under a new id unless it was to keep its
                   // own
  kRotated,        // it has a new id
  kChanged,        // its attributes, tabs or end were changed
  kRevoked,        // it has ended because somebody wanted it: see Event::reason
  kExpired,        // it has ended because its time was up
  // To parts of the id space, and to the cluster.
  kLost,          // all copies of these segments were lost
  kOwnerChanged,  // these segments have other owners
  kViewChanged,   // this member has installed another view
  // To this subscription: so many events could not be kept for it.
  kMissed,
};

// "created", "owner changed"; for logs.
SOJOURN_EXPORT std::string_view name_of(EventKind kind);

// Why a session was revoked.
enum class RevokeReason : std::uint8_t {
  kNone,       // it was not
  kRequested,  // Store::async_revoke
  kLastTab,    // a login without tabs is over: Store::async_erase_tab
  kLimit,      // it made room for another of its subject: WhenFull::kEndOldest
  kSubject,    // with all of its subject: Store::async_revoke_all, async_not_before
  kLabel,      // with all of one of its labels: Store::async_revoke_labelled
  kMemory,     // a login made room for another in memory: StoreOptions::logins_when_full
};

// Neighbouring parts of the id space, both ends included. There are View::segments of them.
struct SegmentRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  friend bool operator==(const SegmentRange&, const SegmentRange&) = default;
};

// The names live as long as a copy of the event. Empty: nobody.
struct OwnerChange {
  SegmentRange segments = {};
  std::string_view from = {};
  std::string_view to = {};
};

// Something that happened, as subscribers are told: see Store::subscribe. It holds no attributes,
// because they may be secret; session ids of live sessions are, and SessionId is therefore never
// printed by accident: log handle().
//
// A plain value.
struct SOJOURN_EXPORT Event {
  EventKind kind = EventKind::kCreated;

  // Names the event, on every member alike: what is delivered again has the same. Opaque, of
  // printable ASCII without blanks, at most 64 characters, nothing secret. Empty for kMissed.
  std::string id = {};

  // Of kCreated to kExpired: the session, under the id that it has since, or had until it ended.
  std::optional<SessionId> session = {};
  // The id that it had before and has given up: of kRotated, and of kAuthenticated unless it was
  // kept.
  std::optional<SessionId> previous_session = {};
  // What it is since, or was until it ended.
  Phase phase = Phase::kLogin;
  std::string subject = {};
  RevokeReason reason = RevokeReason::kNone;
  // Of the session since then, as Session::version(); it grows from event to event of a session.
  Version version = {};

  // Of kLost: the segments, ascending.
  std::vector<SegmentRange> lost = {};
  // Of kOwnerChanged: all segments of the cluster whose owner changed, ascending.
  std::vector<OwnerChange> owner_changes = {};
  // Of kLost, kOwnerChanged and kViewChanged: the view since, and the one before, which is null if
  // this member had none.
  std::shared_ptr<const View> view = {};
  std::shared_ptr<const View> view_before = {};

  // Of kMissed: how many events.
  std::uint64_t missed = 0;

  // The session for logs, as SessionId::redacted(); empty if the event is of none.
  std::string handle() const { return session ? session->redacted() : std::string(); }

  // Whether it is about that session: under either id; or about the segment that it belongs to.
  bool concerns(const SessionId& id) const;
};

}  // namespace sojourn
