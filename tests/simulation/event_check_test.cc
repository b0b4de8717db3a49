// The judge of events can tell right from wrong.

#include "simulation/event_check.h"

#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using replication::Cause;
using replication::Event;
using replication::Verb;

constexpr SegmentId kSegment{0};

Event event(Cause cause, std::uint64_t number, std::string id, std::string previous = "") {
  return {.cause = cause,
          .number = {1, number},
          .id = std::move(id),
          .previous_id = std::move(previous),
          .version = {1, number}};
}

Delivery at(std::size_t member, Event event) {
  return {.member = member, .start = 1, .serving = member + 1, .event = std::move(event)};
}

Call done(Verb verb, std::string id, std::uint64_t version) {
  return {.returned = Time(std::chrono::seconds(1)),
          .operation = {.verb = verb, .id = id},
          .status = absl::StatusCode::kOk,
          .session = SeenSession{.id = id, .version = {1, version}}};
}

EventContext context() {
  return {.lost_since = [](SegmentId, Time) { return std::nullopt; },
          .segment_of = [](const std::string&) { return kSegment; },
          .all_ended = true};
}

const std::vector<Delivery> kLife = {
    at(0, event(Cause::kCreated, 1, "a")), at(0, event(Cause::kChanged, 2, "a")),
    at(0, event(Cause::kRotated, 3, "b", "a")), at(0, event(Cause::kExpired, 4, "b"))};
const std::vector<History> kCalls = {
    {done(Verb::kCreate, "a", 1), done(Verb::kPatch, "a", 2), done(Verb::kRotate, "b", 3)}};

TEST_CASE("a whole life in order is right, and so are repeats by another member", "[events]") {
  std::vector<Delivery> repeated = kLife;
  repeated.insert(repeated.begin() + 2, {at(1, kLife[0].event), at(1, kLife[1].event)});

  CHECK(check_order(kLife, {}).empty());
  CHECK(check_order(repeated, {}).empty());
  CHECK(check_complete(kLife, kCalls, context()).empty());
  CHECK(check_complete(repeated, kCalls, context()).empty());
}

TEST_CASE("each event that is left out is missed, unless that was said", "[events]") {
  for (std::size_t i = 0; i < kLife.size(); ++i) {
    std::vector<Delivery> incomplete = kLife;
    incomplete.erase(incomplete.begin() + static_cast<std::ptrdiff_t>(i));

    CHECK_FALSE(check_complete(incomplete, kCalls, context()).empty());
    EventContext with_gap = context();
    with_gap.gaps = {kSegment};
    CHECK(check_complete(incomplete, kCalls, with_gap).empty());
  }
}

TEST_CASE("an event of something that never happened is found", "[events]") {
  for (const Event& added : {event(Cause::kCreated, 5, "a"), event(Cause::kCreated, 5, "c"),
                             event(Cause::kRevoked, 5, "b"), event(Cause::kChanged, 5, "c")}) {
    std::vector<Delivery> more = kLife;
    more.push_back(at(0, added));
    CHECK_FALSE(check_complete(more, kCalls, context()).empty());
  }
}

TEST_CASE("what is out of order is found", "[events]") {
  CHECK_FALSE(check_order({kLife[1], kLife[0]}, {}).empty());
  // By another member as well.
  CHECK_FALSE(check_order({kLife[1], at(1, kLife[0].event)}, {}).empty());
  // Twice by one member.
  CHECK_FALSE(check_order({kLife[0], kLife[0]}, {}).empty());
}

TEST_CASE("an event that says something else when it is repeated is found", "[events]") {
  Event other = kLife[0].event;
  other.cause = Cause::kChanged;
  CHECK_FALSE(check_order({kLife[0], at(1, other)}, {}).empty());
}

TEST_CASE("an end that nobody asked for is found", "[events]") {
  struct Row {
    Cause cause;
    EventContext asked;
    std::vector<History> calls;
  };
  EventContext subject = context();
  subject.ended = {{session::KeyView::Kind::kSubject, "ana"}};
  EventContext label = context();
  label.ended = {{session::KeyView::Kind::kLabel, "app"}};
  EventContext limit = context();
  limit.ends_oldest = true;
  EventContext room = context();
  room.ends_logins = true;
  // Asked for under the id that it had given up.
  const std::vector<History> revoked = {{done(Verb::kRevoke, "a", 4)}};
  const std::vector<History> last_tab = {{done(Verb::kEraseTab, "b", 4)}};
  for (const Row& row :
       {Row{Cause::kRevoked, context(), revoked}, Row{Cause::kLastTab, context(), last_tab},
        Row{Cause::kRevokedByLimit, limit, {}}, Row{Cause::kSubjectRevoked, subject, {}},
        Row{Cause::kLabelRevoked, label, {}}, Row{Cause::kRevokedForRoom, room, {}}}) {
    Event end = event(row.cause, 4, "b");
    end.phase = row.cause == Cause::kRevokedForRoom ? Phase::kLogin : Phase::kActive;
    end.subject = "ana";
    const std::vector<Delivery> life = {kLife[0], kLife[2], at(0, end)};

    CHECK(check_reasons(life, row.calls, row.asked).empty());
    CHECK_FALSE(check_reasons(life, kCalls, context()).empty());
  }
  CHECK(check_reasons(kLife, kCalls, context()).empty());
}

}  // namespace
}  // namespace sojourn::simulation
