#pragma once

#include <sojourn/view.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sojourn {

// Who does what for one segment. Members are named by their places in View::members.
struct SegmentState {
  // Who answers for it; nobody, if no member has a capacity.
  std::optional<std::uint32_t> owner = {};
  // Who holds all of it, the owner among them.
  std::vector<std::uint32_t> holders = {};
  // Who is to hold it as well, and is receiving it.
  std::vector<std::uint32_t> receivers = {};
  // Fewer members hold it than should, not counting those that leave.
  bool is_short = false;
  // All copies of it were lost, and nobody has acknowledged that.
  bool is_lost = false;

  friend bool operator==(const SegmentState&, const SegmentState&) = default;
};

// The cluster at one moment, as one of its members sees it. All members of a view agree on its
// segments; whom they hear is each one's own. A plain value.
struct ClusterState {
  // Null before the first view: all else is empty then.
  std::shared_ptr<const View> view = {};
  // For each member of the view whether it and this member hear each other. This one hears itself.
  std::vector<bool> connected = {};
  // For each segment of the view.
  std::vector<SegmentState> segments = {};
};

}  // namespace sojourn
