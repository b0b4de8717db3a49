#include "gatehouse/portal/endings.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

using sojourn::Event;
using sojourn::EventKind;
using sojourn::Phase;
using sojourn::RevokeReason;

Event revoked(RevokeReason reason, Phase phase = Phase::kActive) {
  return {.kind = EventKind::kRevoked,
          .session = sojourn::SessionId::generate(),
          .phase = phase,
          .subject = phase == Phase::kActive ? "ana" : "",
          .reason = reason};
}

}  // namespace

TEST_CASE("whatever ends without a page has a line with the salted hash of its id",
          "[gatehouse][journal]") {
  Event expired = revoked(RevokeReason::kNone);
  expired.kind = EventKind::kExpired;
  const Event limited = revoked(RevokeReason::kLimit);
  const Event everywhere = revoked(RevokeReason::kSubject);
  const Event crowded_out = revoked(RevokeReason::kMemory, Phase::kLogin);

  CHECK(line_of(expired)->text == "session expired: session " + expired.handle() + ", user ana");
  CHECK(line_of(limited)->text ==
        "session ended for a newer one of its user: session " + limited.handle() + ", user ana");
  CHECK(line_of(everywhere)->text ==
        "session ended with all of its user: session " + everywhere.handle() + ", user ana");
  CHECK(line_of(crowded_out)->text ==
        "login ended to make room in memory: session " + crowded_out.handle());
  CHECK(line_of(expired)->level == sojourn::LogLevel::kInfo);
  for (const Event& event : {expired, limited, everywhere, crowded_out}) {
    CHECK(line_of(event)->text.find(event.session->text()) == std::string::npos);
  }
}

TEST_CASE("what a page tells is not told again", "[gatehouse][journal]") {
  CHECK_FALSE(line_of(revoked(RevokeReason::kRequested)));
  for (const EventKind kind :
       {EventKind::kCreated, EventKind::kAuthenticated, EventKind::kRotated, EventKind::kChanged,
        EventKind::kOwnerChanged, EventKind::kViewChanged}) {
    CAPTURE(name_of(kind));
    CHECK_FALSE(line_of({.kind = kind, .session = sojourn::SessionId::generate()}));
  }
}

TEST_CASE("sessions that were lost and events that were missed are warnings",
          "[gatehouse][journal]") {
  const auto lost = line_of({.kind = EventKind::kLost, .lost = {{3, 3}, {7, 12}}});
  const auto missed = line_of({.kind = EventKind::kMissed, .missed = 5});

  CHECK(lost->level == sojourn::LogLevel::kWarning);
  CHECK(lost->text.ends_with(": 3, 7-12"));
  CHECK(missed->level == sojourn::LogLevel::kWarning);
  CHECK(missed->text.starts_with("events of the store were missed: 5;"));
}

}  // namespace gatehouse
