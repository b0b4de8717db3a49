#include "node/holdings.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "ring/roles.h"
#include "session/companion.h"

namespace sojourn::node {
namespace {

using session::Record;

std::optional<MemberIndex> self_of(const Node& node) {
  if (!node.roles()) return std::nullopt;
  const std::vector<Member>& members = node.roles()->view().members;
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) {
    return member.incarnation == node.incarnation().value;
  });
  if (found == members.end()) return std::nullopt;
  return MemberIndex{static_cast<std::uint32_t>(found - members.begin())};
}

Holding holding_of(const Node& node, MemberIndex self, SegmentId segment, bool with_entries) {
  const ring::Roles& roles = *node.roles();
  const replication::Replica& replica = node.plane().replica();
  Holding holding = {.segment = segment,
                     .primary = roles.is_primary(self, segment),
                     .holds = roles.is_holder(self, segment),
                     .digest = replica.digest(segment)};
  replica.for_each(segment, [&](const Record& record, Time) {
    ++holding.records;
    if (with_entries) holding.entries.push_back({stable_hash(record.id()), record.version()});
  });
  std::sort(holding.entries.begin(), holding.entries.end(),
            [](const auto& a, const auto& b) { return a.id_hash < b.id_hash; });
  return holding;
}

bool is_session(const Record& record) {
  return !record.is_alias() && !session::is_companion(record.id());
}

// Of one segment, those that follow the id, ordered by it.
std::vector<replication::Copy> sessions_of(const Node& node, Time now, SegmentId segment,
                                           const std::string& after) {
  std::vector<replication::Copy> sessions;
  node.plane().replica().for_each(segment, [&](const Record& record, Time last_seen) {
    if (!is_session(record) || record.ended() || record.expires_at(last_seen) <= now) return;
    if (std::string_view(record.id()) <= after) return;
    sessions.push_back({session::RecordRef::share(record), last_seen});
  });
  std::sort(sessions.begin(), sessions.end(),
            [](const replication::Copy& a, const replication::Copy& b) {
              return std::string_view(a.record->id()) < std::string_view(b.record->id());
            });
  return sessions;
}

}  // namespace

Holdings holdings_of(const Node& node, std::uint32_t first, std::uint32_t last, bool with_entries,
                     HoldingsBounds bounds) {
  const auto self = self_of(node);
  Holdings holdings = {.next = last + 1};
  if (!self) return holdings;
  last = std::min(last, node.roles()->view().segments - 1);
  std::size_t records = 0;
  for (std::uint32_t i = first; i <= last; ++i) {
    if (i - first >= bounds.segments || records >= bounds.records) {
      holdings.next = i;
      return holdings;
    }
    if (!node.roles()->is_writer(*self, {i})) continue;
    holdings.segments.push_back(holding_of(node, *self, {i}, with_entries));
    records += holdings.segments.back().records;
  }
  return holdings;
}

SessionsOwned sessions_owned(const Node& node, Time now, std::uint32_t first,
                             const std::string& after, SessionsBounds bounds) {
  SessionsOwned owned;
  const auto self = self_of(node);
  if (!self) {
    owned.status = absl::UnavailableError("this member is in no view");
    return owned;
  }
  const ring::Roles& roles = *node.roles();
  std::size_t bytes = 0;
  for (std::uint32_t i = first; i < roles.view().segments; ++i) {
    owned.next_segment = i;
    if (i - first >= bounds.segments) return owned;
    if (!roles.is_primary(*self, {i})) continue;
    if (!node.plane().is_serving({i}, now)) {
      owned.status = absl::UnavailableError(
          absl::StrFormat("segment %d is not served at this moment: %s", i, node.waiting_for(now)));
      return owned;
    }
    for (replication::Copy& copy : sessions_of(node, now, {i}, i == first ? after : "")) {
      if (owned.sessions.size() >= bounds.sessions || bytes >= bounds.bytes) return owned;
      bytes += copy.record->bytes();
      owned.next_after = std::string(std::string_view(copy.record->id()));
      owned.sessions.push_back(std::move(copy));
    }
    owned.next_after.clear();
  }
  owned.next_segment = roles.view().segments;
  return owned;
}

}  // namespace sojourn::node
