#include "runtime/events.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "ring/placement.h"

namespace sojourn::runtime {
namespace {

using replication::Cause;

EventKind kind_of(Cause cause) {
  switch (cause) {
    case Cause::kCreated:
      return EventKind::kCreated;
    case Cause::kAuthenticated:
      return EventKind::kAuthenticated;
    case Cause::kRotated:
      return EventKind::kRotated;
    case Cause::kRevoked:
    case Cause::kLastTab:
    case Cause::kRevokedByLimit:
    case Cause::kSubjectRevoked:
    case Cause::kLabelRevoked:
    case Cause::kRevokedForRoom:
      return EventKind::kRevoked;
    case Cause::kExpired:
      return EventKind::kExpired;
    case Cause::kMissed:
      return EventKind::kMissed;
    case Cause::kChanged:
    case Cause::kNothing:
      break;
  }
  return EventKind::kChanged;
}

RevokeReason reason_of(Cause cause) {
  switch (cause) {
    case Cause::kRevoked:
      return RevokeReason::kRequested;
    case Cause::kLastTab:
      return RevokeReason::kLastTab;
    case Cause::kRevokedByLimit:
      return RevokeReason::kLimit;
    case Cause::kSubjectRevoked:
      return RevokeReason::kSubject;
    case Cause::kLabelRevoked:
      return RevokeReason::kLabel;
    case Cause::kRevokedForRoom:
      return RevokeReason::kMemory;
    default:
      return RevokeReason::kNone;
  }
}

std::optional<SessionId> session_id(const std::string& id) {
  absl::StatusOr<SessionId> parsed = SessionId::parse(id);
  return parsed.ok() ? std::optional(*std::move(parsed)) : std::nullopt;
}

// The hash tells events of one cluster from those of another of the same name that ran before: it
// is of random ids, so the number of an event is not enough to name it, and with the hash it is.
Event of_session(const replication::Event& event) {
  if (event.cause == Cause::kMissed) return {.kind = EventKind::kMissed, .missed = event.missed};
  return {
      .kind = kind_of(event.cause),
      .id = absl::StrFormat("%x.%x.%016x", event.number.epoch, event.number.sequence,
                            stable_hash(event.id)),
      .session = session_id(event.id),
      .previous_session = event.previous_id.empty() ? std::nullopt : session_id(event.previous_id),
      .phase = event.phase,
      .subject = event.subject,
      .reason = reason_of(event.cause),
      .version = event.version};
}

std::shared_ptr<const View> view_of(const std::shared_ptr<const ring::Roles>& roles) {
  return roles ? std::shared_ptr<const View>(roles, &roles->view()) : nullptr;
}

Event of_view(EventKind kind, char letter, const node::ViewChange& change) {
  const View& view = change.after->view();
  std::uint64_t members = 0;
  for (const Member& member : view.members) members ^= member.incarnation;
  return {.kind = kind,
          .id = absl::StrFormat("%c.%x.%x.%016x", letter, view.generation, view.epoch, members),
          .view = view_of(change.after),
          .view_before = view_of(change.before)};
}

std::string_view owner(const ring::Roles& roles, SegmentId segment) {
  const auto primary = roles.primary(segment);
  return primary ? std::string_view(roles.view().members[primary->value].name) : std::string_view();
}

Event lost_by(const node::ViewChange& change) {
  Event event = of_view(EventKind::kLost, 'l', change);
  // Who has just come tells of no loss: others were there.
  if (!change.before) return event;
  for (const auto& [segment, loss] : change.after->layout().losses) {
    if (loss.epoch <= change.before->view().epoch) continue;
    if (!event.lost.empty() && event.lost.back().last + 1 == segment.value) {
      event.lost.back().last = segment.value;
    } else {
      event.lost.push_back({segment.value, segment.value});
    }
  }
  return event;
}

Event owners_changed_by(const node::ViewChange& change) {
  Event event = of_view(EventKind::kOwnerChanged, 'o', change);
  const std::uint32_t segments = change.after->view().segments;
  for (std::uint32_t i = 0; i < segments; ++i) {
    const std::string_view from = change.before ? owner(*change.before, {i}) : std::string_view();
    const std::string_view to = owner(*change.after, {i});
    if (from == to) continue;
    auto& changes = event.owner_changes;
    if (!changes.empty() && changes.back().segments.last + 1 == i && changes.back().from == from &&
        changes.back().to == to) {
      changes.back().segments.last = i;
    } else {
      changes.push_back({.segments = {i, i}, .from = from, .to = to});
    }
  }
  return event;
}

}  // namespace

std::vector<Event> events_of(const node::Event& event) {
  if (const auto* offered = std::get_if<replication::Plane::Offered>(&event)) {
    return {of_session(offered->event)};
  }
  const auto& change = std::get<node::ViewChange>(event);
  std::vector<Event> events = {of_view(EventKind::kViewChanged, 'v', change)};
  if (Event lost = lost_by(change); !lost.lost.empty()) events.push_back(std::move(lost));
  if (Event changed = owners_changed_by(change); !changed.owner_changes.empty()) {
    events.push_back(std::move(changed));
  }
  return events;
}

}  // namespace sojourn::runtime

namespace sojourn {
namespace {

bool contains(const SegmentRange& range, std::uint32_t segment) {
  return range.first <= segment && segment <= range.last;
}

}  // namespace

std::string_view name_of(EventKind kind) {
  switch (kind) {
    case EventKind::kCreated:
      return "created";
    case EventKind::kAuthenticated:
      return "authenticated";
    case EventKind::kRotated:
      return "rotated";
    case EventKind::kChanged:
      return "changed";
    case EventKind::kRevoked:
      return "revoked";
    case EventKind::kExpired:
      return "expired";
    case EventKind::kLost:
      return "lost";
    case EventKind::kOwnerChanged:
      return "owner changed";
    case EventKind::kViewChanged:
      return "view changed";
    case EventKind::kMissed:
      return "missed";
  }
  return "unknown";
}

bool Event::concerns(const SessionId& id_of_session) const {
  if (session == id_of_session || previous_session == id_of_session) return true;
  if (!view || (lost.empty() && owner_changes.empty())) return false;
  const std::uint32_t segment = ring::segment_of(id_of_session.text(), view->segments).value;
  return std::any_of(lost.begin(), lost.end(),
                     [&](const SegmentRange& range) { return contains(range, segment); }) ||
         std::any_of(owner_changes.begin(), owner_changes.end(),
                     [&](const OwnerChange& change) { return contains(change.segments, segment); });
}

}  // namespace sojourn
