#include "gatehouse/console/observation.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace gatehouse {
namespace {

using sojourn::ClusterState;
using sojourn::Health;
using sojourn::Member;
using sojourn::SegmentState;

std::size_t colour_of(const std::string& name, const std::vector<std::string>& known) {
  return static_cast<std::size_t>(std::ranges::find(known, name) - known.begin());
}

ObservedMember missing_member(const std::string& name, const std::vector<std::string>& known) {
  return {.name = name,
          .standing = Standing::kBad,
          .state = "missing: not in the view",
          .colour = colour_of(name, known)};
}

void count_segments(const ClusterState& state, std::vector<ObservedMember>& members) {
  for (const SegmentState& segment : state.segments) {
    if (segment.owner) ++members[*segment.owner].owned;
    for (const std::uint32_t holder : segment.holders) ++members[holder].held;
    for (const std::uint32_t receiver : segment.receivers) ++members[receiver].receiving;
  }
}

void judge(ObservedMember& member, bool is_connected, bool is_leaving, const Health& health) {
  const auto say = [&member](Standing standing, std::string state) {
    member.standing = standing;
    member.state = std::move(state);
  };
  if (member.is_self && !health.ready) {
    say(Standing::kBad, "not ready: " + health.reason);
  } else if (!is_connected) {
    say(Standing::kBad, "not heard: given up when its lease is over");
  } else if (is_leaving) {
    say(Standing::kBusy, "leaving: hands over what it holds");
  } else if (member.receiving > 0) {
    say(Standing::kBusy, "serves, and receives copies");
  } else if (member.capacity == 0) {
    say(Standing::kGood, "witness: heard, holds nothing");
  } else {
    say(Standing::kGood, member.is_self ? "serves, with a lease" : "serves");
  }
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text + (names.size() == 1 ? " is" : " are");
}

template <typename Is>
std::vector<std::string> names_of(const Observation& observation, Is is) {
  std::vector<std::string> names;
  for (const ObservedMember& member : observation.members) {
    if (is(member)) names.push_back(member.name);
  }
  return names;
}

// Without numbers that change all the time: this is read out to those who listen.
void give_verdict(const ClusterState& state, Observation& observation) {
  const auto say = [&observation](Standing standing, std::string verdict) {
    observation.standing = standing;
    observation.verdict = std::move(verdict);
  };
  const auto some_segment_is = [&state](bool SegmentState::*what) {
    return std::ranges::any_of(state.segments, what);
  };
  const bool is_receiving =
      std::ranges::any_of(observation.members, [](const auto& each) { return each.receiving > 0; });
  const auto missing =
      names_of(observation, [](const auto& each) { return each.incarnation.empty(); });
  const auto silent = names_of(observation, [](const auto& each) {
    return each.standing == Standing::kBad && !each.is_self && !each.incarnation.empty();
  });

  if (!observation.health.ready) {
    say(Standing::kBad, observation.self + " is not ready: " + observation.health.reason + ".");
  } else if (some_segment_is(&SegmentState::is_lost)) {
    say(Standing::kBad,
        "Sessions were lost with all members that held them, and nobody has "
        "acknowledged that.");
  } else if (!silent.empty()) {
    say(Standing::kBad, listed(silent) + " not heard.");
  } else if (is_receiving) {
    say(Standing::kBusy,
        (missing.empty() ? "" : listed(missing) + " missing. ") + "Copies are being made.");
  } else if (some_segment_is(&SegmentState::is_short)) {
    say(Standing::kBad, (missing.empty() ? "" : listed(missing) + " missing. ") +
                            "Some segments have fewer copies than they should.");
  } else if (!missing.empty()) {
    say(Standing::kBad, listed(missing) + " missing. Those that are here hold every copy.");
  } else {
    say(Standing::kGood, "All members are here, and every segment has its copies.");
  }
}

}  // namespace

Observation observe(const std::string& self, const ClusterState& state, const Health& health,
                    const sojourn::Metrics& metrics, const std::vector<std::string>& expected,
                    const std::vector<std::string>& known) {
  Observation observation = {.self = self,
                             .health = health,
                             .sessions = metrics.sessions_active,
                             .logins = metrics.sessions_login,
                             .bytes = metrics.bytes,
                             .bytes_max = metrics.bytes_max};
  if (state.view) {
    observation.epoch = state.view->epoch;
    observation.segments = state.view->segments;
    observation.copies = state.view->copies;
    for (const Member& member : state.view->members) {
      observation.members.push_back({.name = member.name,
                                     .address = member.address,
                                     .zone = member.zone,
                                     .incarnation = absl::StrFormat("%016x", member.incarnation),
                                     .capacity = member.capacity,
                                     .is_self = member.name == self,
                                     .colour = colour_of(member.name, known)});
    }
    count_segments(state, observation.members);
    for (std::size_t i = 0; i < observation.members.size(); ++i) {
      judge(observation.members[i], i < state.connected.size() && state.connected[i],
            state.view->members[i].leaving, health);
    }
  }
  for (const std::string& name : expected) {
    if (!state.view || state.view->find(name) == nullptr) {
      observation.members.push_back(missing_member(name, known));
    }
  }
  observation.rings = segment_rings(state);
  give_verdict(state, observation);
  return observation;
}

}  // namespace gatehouse
