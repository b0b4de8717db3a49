#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ring/placement.h"

namespace sojourn::ring {

// A view to be tested: members auth-0, auth-1, ... with the capacities and zones in turn.
struct Cluster {
  std::size_t members = 3;
  std::uint32_t segments = 4096;
  std::uint32_t copies = 2;
  std::vector<std::uint32_t> capacities = {1};
  std::vector<std::string> zones = {""};
};

View view_of(const Cluster& cluster);

std::shared_ptr<const Placement> place(View view);

// The owners of all segments by name: those of one segment joined by spaces, segments by bars.
std::string owners_by_name(const Placement& placement);

// How many segments each member is the primary of and owns, as they are and as they should be: in
// proportion to the capacities, as far as copies on different members and in different zones allow.
struct Loads {
  std::vector<double> primary = {};
  std::vector<double> owned = {};
};

Loads actual_loads(const Placement& placement);
Loads expected_loads(const View& view);

std::size_t members_with_capacity(const View& view);

// What differs between the placements of two views of one cluster. Survivors are members of both.
struct Changes {
  std::size_t left = 0;          // copies that members now gone held
  std::size_t joined = 0;        // copies that new members hold
  std::size_t gained = 0;        // copies new on survivors
  std::size_t lost = 0;          // copies gone from survivors
  std::size_t swapped = 0;       // segments whose primary and backup changed places
  std::size_t kept_a_copy = 0;   // segments with an owner that survived
  std::size_t from_holders = 0;  // those of them whose primary held a copy before

  // Copies that moved without need.
  std::size_t extra_moves() const { return gained > left ? gained - left : 0; }
};

Changes changes_between(const Placement& before, const Placement& after);

}  // namespace sojourn::ring
