#pragma once

#include <sojourn/cluster_state.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::test {

// A state of the members with these names, all of them heard, in which segment after segment is as
// the list says: who holds it, the owner first, and who receives it.
struct Segment {
  std::vector<std::uint32_t> holders = {};
  std::vector<std::uint32_t> receivers = {};
};

inline sojourn::ClusterState state_of(const std::vector<std::string>& names,
                                      const std::vector<Segment>& segments,
                                      std::uint32_t copies = 2) {
  sojourn::View view = {
      .epoch = 7, .segments = static_cast<std::uint32_t>(segments.size()), .copies = copies};
  for (const std::string& name : names) {
    view.members.push_back({.name = name, .address = name + ".example:7100", .incarnation = 0xabc});
  }
  sojourn::ClusterState state;
  state.connected.assign(names.size(), true);
  for (const Segment& segment : segments) {
    sojourn::SegmentState told = {.holders = segment.holders, .receivers = segment.receivers};
    if (!segment.holders.empty()) told.owner = segment.holders.front();
    told.is_short = segment.holders.size() < std::min<std::size_t>(copies, names.size());
    state.segments.push_back(std::move(told));
  }
  state.view = std::make_shared<const sojourn::View>(std::move(view));
  return state;
}

// The view of a state, to be changed.
inline sojourn::View& view_of(sojourn::ClusterState& state) {
  auto view = std::make_shared<sojourn::View>(*state.view);
  sojourn::View& changed = *view;
  state.view = std::move(view);
  return changed;
}

}  // namespace gatehouse::test
