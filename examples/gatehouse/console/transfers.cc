#include "gatehouse/console/transfers.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstddef>

namespace gatehouse {
namespace {

using sojourn::ClusterState;
using sojourn::Member;
using sojourn::SegmentState;
using sojourn::View;

std::string counted(std::uint64_t segments) {
  return absl::StrFormat("%d segment%s", segments, segments == 1 ? "" : "s");
}

std::map<std::string, std::uint64_t> receiving(const ClusterState& state) {
  std::map<std::string, std::uint64_t> counts;
  for (const SegmentState& segment : state.segments) {
    for (const std::uint32_t receiver : segment.receivers) {
      ++counts[state.view->members[receiver].name];
    }
  }
  return counts;
}

std::uint64_t lost(const ClusterState& state) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(state.segments, [](const SegmentState& each) { return each.is_lost; }));
}

bool is_connected(const ClusterState& state, const Member& member) {
  const auto at = static_cast<std::size_t>(&member - state.view->members.data());
  return at < state.connected.size() && state.connected[at];
}

void tell_members(const ClusterState& before, const ClusterState& after,
                  std::vector<std::string>& changes) {
  for (const Member& member : after.view->members) {
    const Member* const old = before.view->find(member.name);
    if (old == nullptr) {
      changes.push_back(member.name + " has joined.");
      continue;
    }
    if (old->incarnation != member.incarnation) {
      changes.push_back(member.name + " was started again.");
    } else if (is_connected(before, *old) != is_connected(after, member)) {
      changes.push_back(member.name +
                        (is_connected(after, member) ? " is heard again." : " is not heard."));
    }
    if (member.leaving && !old->leaving) {
      changes.push_back(member.name + " is leaving and hands over what it holds.");
    }
  }
  for (const Member& member : before.view->members) {
    if (after.view->find(member.name) != nullptr) continue;
    changes.push_back(member.name + (member.leaving ? " has left." : " was given up."));
  }
}

void tell_transfers(const ClusterState& before, const ClusterState& after,
                    std::vector<std::string>& changes) {
  const auto old = receiving(before);
  const auto now = receiving(after);
  for (const auto& [name, count] : now) {
    const auto was = old.find(name);
    if (was == old.end() || was->second < count) {
      changes.push_back(name + " is to receive " + counted(count) + ".");
    }
  }
  for (const auto& [name, count] : old) {
    if (!now.contains(name) && after.view->find(name) != nullptr) {
      changes.push_back(name + " has received all that it is to hold.");
    }
  }
}

}  // namespace

void Transfers::note(const ClusterState& state) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  for (const SegmentState& segment : state.segments) {
    if (!segment.owner) continue;
    for (const std::uint32_t receiver : segment.receivers) {
      ++counts[{state.view->members[*segment.owner].name, state.view->members[receiver].name}];
    }
  }
  std::vector<Transfer> running;
  for (const auto& [ends, left] : counts) {
    const auto before = std::ranges::find_if(running_, [&ends = ends](const Transfer& each) {
      return each.from == ends.first && each.to == ends.second;
    });
    const std::uint64_t most = before == running_.end() ? 0 : before->most;
    running.push_back(
        {.from = ends.first, .to = ends.second, .left = left, .most = std::max(left, most)});
  }
  running_ = std::move(running);
}

std::vector<std::string> changes_between(const ClusterState& before, const ClusterState& after) {
  std::vector<std::string> changes;
  if (!after.view) return changes;
  if (!before.view) {
    changes.push_back(
        absl::StrFormat("This member is in a view, of %d.", after.view->members.size()));
    return changes;
  }
  tell_members(before, after, changes);
  tell_transfers(before, after, changes);
  if (const std::uint64_t now = lost(after), then = lost(before); now > then) {
    changes.push_back(counted(now - then) + (now - then == 1 ? " has" : " have") +
                      " lost all copies.");
  } else if (now < then) {
    changes.push_back("The losses were acknowledged.");
  }
  return changes;
}

}  // namespace gatehouse
