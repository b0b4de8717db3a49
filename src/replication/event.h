#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sojourn/session.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// What a write did, as subscribers are told. The numbers stand on the wire.
enum class Cause : std::uint8_t {
  kNothing = 0,  // nothing that anybody is told of
  kCreated = 1,
  kAuthenticated = 2,
  kRotated = 3,
  kChanged = 4,
  // The session has ended:
  kRevoked = 5,          // because it was asked for
  kLastTab = 6,          // with its last tab
  kExpired = 7,          // because its time was up
  kRevokedByLimit = 8,   // to make room for another of its subject
  kSubjectRevoked = 9,   // with all of its subject
  kLabelRevoked = 10,    // with all of one of its labels
  kRevokedForRoom = 11,  // a login in progress, to make room in memory for another
  // Not a write: so many events before this one could not be kept.
  kMissed = 12,
};
inline constexpr std::uint8_t kCauseMax = 12;

constexpr bool is_end(Cause cause) { return cause >= Cause::kRevoked && cause < Cause::kMissed; }

// What travels with a write beside the sessions that it leaves behind, so that every writer can
// tell what happened.
struct Occurrence {
  Cause cause = Cause::kNothing;
  // The version that the write had when it began. It keeps this number when a later view gives it
  // another version: with the segment, it names the event on every member.
  Version number = {};
  // Of the session, if it has ended: nothing else is left of it.
  Phase phase = Phase::kLogin;
  std::string subject = {};
};

// What subscribers are told of one write.
struct Event {
  Cause cause = Cause::kNothing;
  Version number = {};
  // The session, under the id that it has since, or had until it ended.
  std::string id = {};
  // Its id before, if that is another.
  std::string previous_id = {};
  Phase phase = Phase::kLogin;
  std::string subject = {};
  // Of the session since then; of its end, that of the write.
  Version version = {};
  // kMissed: how many events.
  std::uint64_t missed = 0;

  friend bool operator==(const Event&, const Event&) = default;
};

// About what an event takes in a message.
inline constexpr std::size_t kEventBytes = 128;

}  // namespace sojourn::replication
