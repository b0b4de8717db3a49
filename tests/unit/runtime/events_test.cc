#include "runtime/events.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

using replication::Cause;

Event told(replication::Event event) {
  return events_of(replication::Plane::Offered{.segment = {1}, .event = std::move(event)}).at(0);
}

std::shared_ptr<const ring::Roles> roles_of(std::uint64_t epoch,
                                            const std::vector<std::string>& members,
                                            std::vector<std::uint32_t> holders,
                                            std::map<SegmentId, ring::Loss> losses = {}) {
  ring::Layout layout = {.view = {.epoch = epoch,
                                  .generation = 1,
                                  .segments = static_cast<std::uint32_t>(holders.size()),
                                  .copies = 1},
                         .losses = std::move(losses)};
  for (const std::string& name : members) {
    layout.view.members.push_back({.name = name, .incarnation = 1 + layout.view.members.size()});
  }
  for (const std::uint32_t holder : holders) {
    layout.base.emplace_back().push_back(MemberIndex{holder});
  }
  return ring::Roles::of(std::make_shared<const ring::Layout>(std::move(layout)));
}

TEST_CASE("an event says what happened to which session, and who it was", "[events]") {
  const Event event = told({.cause = Cause::kRotated,
                            .number = {3, 76},
                            .id = "new-id",
                            .previous_id = "old-id",
                            .phase = Phase::kActive,
                            .subject = "ana",
                            .version = {4, 1}});

  CHECK(event.kind == EventKind::kRotated);
  CHECK(event.session->text() == "new-id");
  CHECK(event.previous_session->text() == "old-id");
  CHECK(event.phase == Phase::kActive);
  CHECK(event.subject == "ana");
  CHECK(event.version == Version{4, 1});
  CHECK(event.handle() == SessionId::parse("new-id")->redacted());
  CHECK(event.concerns(*SessionId::parse("old-id")));
  CHECK_FALSE(event.concerns(*SessionId::parse("other")));
}

TEST_CASE("why a session ended is told", "[events]") {
  struct Row {
    Cause cause;
    EventKind kind;
    RevokeReason reason;
  };
  for (const Row& row : {Row{Cause::kRevoked, EventKind::kRevoked, RevokeReason::kRequested},
                         Row{Cause::kLastTab, EventKind::kRevoked, RevokeReason::kLastTab},
                         Row{Cause::kRevokedByLimit, EventKind::kRevoked, RevokeReason::kLimit},
                         Row{Cause::kSubjectRevoked, EventKind::kRevoked, RevokeReason::kSubject},
                         Row{Cause::kLabelRevoked, EventKind::kRevoked, RevokeReason::kLabel},
                         Row{Cause::kRevokedForRoom, EventKind::kRevoked, RevokeReason::kMemory},
                         Row{Cause::kExpired, EventKind::kExpired, RevokeReason::kNone}}) {
    const Event event = told({.cause = row.cause, .id = "a"});
    CHECK(event.kind == row.kind);
    CHECK(event.reason == row.reason);
  }
}

TEST_CASE("the id of an event is that of its number and session, and tells nothing of the latter",
          "[events]") {
  const replication::Event event = {
      .cause = Cause::kChanged, .number = {3, 76}, .id = "a", .version = {3, 76}};
  replication::Event repeated = event;
  repeated.version = {4, 1};
  replication::Event other_session = event;
  other_session.id = "b";
  replication::Event other_number = event;
  other_number.number = {3, 77};

  CHECK(told(event).id == told(repeated).id);
  CHECK(told(event).id != told(other_session).id);
  CHECK(told(event).id != told(other_number).id);
  CHECK(told({.cause = Cause::kCreated, .number = {~0ull, ~0ull}, .id = "a"}).id.size() <= 64);
}

TEST_CASE("a new view is told, and all whose owner is another", "[events]") {
  const node::ViewChange change = {.before = roles_of(4, {"a", "b"}, {0, 0, 1, 0}),
                                   .after = roles_of(5, {"b", "c"}, {0, 0, 0, 1})};

  const std::vector<Event> events = events_of(change);

  REQUIRE(events.size() == 2);
  CHECK(events[0].kind == EventKind::kViewChanged);
  CHECK(events[0].view->epoch == 5);
  CHECK(events[0].view_before->epoch == 4);
  CHECK(events[1].kind == EventKind::kOwnerChanged);
  REQUIRE(events[1].owner_changes.size() == 2);
  CHECK(events[1].owner_changes[0].segments == SegmentRange{0, 1});
  CHECK(events[1].owner_changes[0].from == "a");
  CHECK(events[1].owner_changes[0].to == "b");
  CHECK(events[1].owner_changes[1].segments == SegmentRange{3, 3});
  CHECK(events[1].owner_changes[1].to == "c");
  CHECK(events[0].id != events[1].id);
}

TEST_CASE("an event of segments concerns the sessions that belong to them", "[events]") {
  const node::ViewChange change = {.before = roles_of(4, {"a", "b"}, {0, 0, 1, 1}),
                                   .after = roles_of(5, {"a", "b"}, {0, 1, 1, 1})};
  const Event changed = events_of(change).at(1);

  int concerned = 0;
  for (int i = 0; i < 100; ++i) {
    const SessionId id = *SessionId::parse("session-" + std::to_string(i));
    const bool moved = change.after->segment_of(id.text()) == SegmentId{1};
    CHECK(changed.concerns(id) == moved);
    concerned += moved ? 1 : 0;
  }
  CHECK(concerned > 0);
}

TEST_CASE("losses are told by the view that declares them, to who was there before", "[events]") {
  const std::map<SegmentId, ring::Loss> losses = {
      {{0}, {.epoch = 2}}, {{2}, {.epoch = 5}}, {{3}, {.epoch = 5}}};
  const auto after = roles_of(5, {"a"}, {0, 0, 0, 0}, losses);

  const std::vector<Event> events =
      events_of(node::ViewChange{.before = roles_of(4, {"a"}, {0, 0, 0, 0}), .after = after});
  REQUIRE(events.size() == 2);
  CHECK(events[1].kind == EventKind::kLost);
  CHECK(events[1].lost == std::vector<SegmentRange>{{2, 3}});

  const std::vector<Event> of_newcomer = events_of(node::ViewChange{.after = after});
  REQUIRE(of_newcomer.size() == 2);
  CHECK(of_newcomer[1].kind == EventKind::kOwnerChanged);
}

}  // namespace
}  // namespace sojourn::runtime
