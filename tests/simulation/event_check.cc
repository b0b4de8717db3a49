#include "simulation/event_check.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace sojourn::simulation {
namespace {

using replication::Cause;
using replication::Event;
using replication::Verb;

std::string words(const Event& event) {
  return absl::StrFormat("event %d.%d (%d) of %s", event.number.epoch, event.number.sequence,
                         static_cast<int>(event.cause), event.id.substr(0, 8));
}

// What must have been told of an acknowledged call; nothing if it changed no session for certain.
std::optional<Cause> cause_of(const Call& call) {
  if (call.status != absl::StatusCode::kOk || !call.session) return std::nullopt;
  switch (call.operation.verb) {
    case Verb::kCreate:
      return Cause::kCreated;
    case Verb::kUpdate:
    case Verb::kPatch:
    case Verb::kEraseTab:
      return Cause::kChanged;
    case Verb::kAuthenticate:
      return Cause::kAuthenticated;
    case Verb::kRotate:
      return Cause::kRotated;
    default:
      return std::nullopt;
  }
}

// What was told about one id: how often a session began to have it, and ceased to.
struct IdCount {
  int begun = 0;
  int ended = 0;
  int changed = 0;
};

// Every id that the session had, by the word of events; `previous`: of each id the one before.
std::set<std::string> ids_of(const std::string& id,
                             const std::map<std::string, std::string>& previous) {
  std::set<std::string> ids = {id};
  for (auto at = previous.find(id); at != previous.end() && ids.insert(at->second).second;) {
    at = previous.find(at->second);
  }
  return ids;
}

// Whether somebody asked for that of a session which had one of the ids.
bool was_asked(const std::vector<History>& histories, Verb verb, const std::set<std::string>& ids) {
  return std::any_of(histories.begin(), histories.end(), [&](const History& history) {
    return std::any_of(history.begin(), history.end(), [&](const Call& call) {
      return call.operation.verb == verb && ids.contains(call.operation.id);
    });
  });
}

}  // namespace

std::vector<std::string> check_order(const std::vector<Delivery>& deliveries,
                                     const std::set<SegmentId>& gaps) {
  std::vector<std::string> wrong;
  // By segment: what was delivered, by number.
  std::map<SegmentId, std::map<Version, Event>> known;
  std::map<std::tuple<std::size_t, std::uint64_t, SegmentId, std::uint64_t>, Version> newest;
  for (const Delivery& delivery : deliveries) {
    const Event& event = delivery.event;
    if (event.cause == Cause::kMissed) continue;
    auto& of_segment = known[delivery.segment];
    const bool after_newer = !of_segment.empty() && event.number < of_segment.rbegin()->first;
    const auto [first, is_first] = of_segment.emplace(event.number, event);
    if (is_first && after_newer && !gaps.contains(delivery.segment)) {
      wrong.push_back(words(event) + " was delivered after a newer one of its segment");
    }
    if (!is_first && first->second != event) {
      wrong.push_back(words(event) + " was repeated and says something else");
    }
    const auto [last, begins] = newest.try_emplace(
        std::tuple(delivery.member, delivery.start, delivery.segment, delivery.serving),
        event.number);
    if (!begins && event.number <= std::exchange(last->second, event.number)) {
      wrong.push_back(words(event) + " was delivered out of order by one member");
    }
  }
  return wrong;
}

std::vector<std::string> check_complete(const std::vector<Delivery>& deliveries,
                                        const std::vector<History>& histories,
                                        const EventContext& context) {
  std::vector<std::string> wrong;
  std::set<std::tuple<Cause, std::string, Version>> told;
  std::map<std::string, IdCount> ids;
  std::set<std::pair<SegmentId, Version>> known;
  for (const Delivery& delivery : deliveries) {
    const Event& event = delivery.event;
    if (event.cause == Cause::kMissed) continue;
    told.emplace(event.cause, event.id, event.version);
    if (!known.emplace(delivery.segment, event.number).second) continue;
    const bool renamed = !event.previous_id.empty();
    if (renamed) ++ids[event.previous_id].ended;
    if (renamed || event.cause == Cause::kCreated) {
      ++ids[event.id].begun;
    } else if (is_end(event.cause)) {
      ++ids[event.id].ended;
    } else {
      ++ids[event.id].changed;
    }
  }
  const auto excused = [&](const std::string& id, Time since) {
    const SegmentId segment = context.segment_of(id);
    return context.gaps.contains(segment) || context.lost_since(segment, since);
  };
  for (const History& history : histories) {
    for (const Call& call : history) {
      const auto cause = cause_of(call);
      if (!cause || excused(call.session->id, call.called)) continue;
      if (told.contains({*cause, call.session->id, call.session->version})) continue;
      wrong.push_back("no event tells of: " + describe(call));
    }
  }
  for (const auto& [id, count] : ids) {
    if (excused(id, Time())) continue;
    const bool ended = count.ended == 1 || (!context.all_ended && count.ended == 0);
    if (count.begun == 1 && ended) continue;
    wrong.push_back(absl::StrFormat("%s was begun %d times, ended %d times and changed %d times",
                                    id.substr(0, 8), count.begun, count.ended, count.changed));
  }
  return wrong;
}

std::vector<std::string> check_reasons(const std::vector<Delivery>& deliveries,
                                       const std::vector<History>& histories,
                                       const EventContext& context) {
  std::map<std::string, std::string> previous;
  for (const Delivery& delivery : deliveries) {
    const Event& event = delivery.event;
    if (!event.previous_id.empty()) previous[event.id] = event.previous_id;
  }
  const auto is_right = [&](const Event& event) {
    using Kind = session::KeyView::Kind;
    switch (event.cause) {
      case Cause::kRevoked:
        return was_asked(histories, Verb::kRevoke, ids_of(event.id, previous));
      case Cause::kLastTab:
        return was_asked(histories, Verb::kEraseTab, ids_of(event.id, previous));
      case Cause::kRevokedByLimit:
        return context.ends_oldest && event.phase == Phase::kActive;
      case Cause::kSubjectRevoked:
        return context.ended.contains({Kind::kSubject, event.subject});
      case Cause::kLabelRevoked:
        return std::any_of(context.ended.begin(), context.ended.end(),
                           [](const replication::Key& key) { return key.kind == Kind::kLabel; });
      case Cause::kRevokedForRoom:
        return context.ends_logins && event.phase == Phase::kLogin;
      default:
        return true;
    }
  };
  // Who has not heard of all ids of a session cannot say what was asked of it.
  const auto excused = [&](const Delivery& delivery) {
    return context.gaps.contains(delivery.segment) || context.lost_since(delivery.segment, Time());
  };
  std::vector<std::string> wrong;
  for (const Delivery& delivery : deliveries) {
    if (is_right(delivery.event) || excused(delivery)) continue;
    wrong.push_back(words(delivery.event) + " tells of an end that nobody asked for");
  }
  return wrong;
}

}  // namespace sojourn::simulation
