#include "unit/ring/ownership.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sojourn::ring {

View view_of(const Cluster& cluster) {
  View view;
  view.segments = cluster.segments;
  view.copies = cluster.copies;
  for (std::size_t i = 0; i < cluster.members; ++i) {
    Member member;
    member.name = "auth-" + std::to_string(i);
    member.address = "10.0.0." + std::to_string(i) + ":7000";
    member.incarnation = i + 1;
    member.capacity = cluster.capacities[i % cluster.capacities.size()];
    member.zone = cluster.zones[i % cluster.zones.size()];
    view.members.push_back(member);
  }
  return view;
}

std::shared_ptr<const Placement> place(View view) {
  return Placement::of(std::make_shared<const View>(std::move(view)));
}

std::string owners_by_name(const Placement& placement) {
  std::string text;
  for (std::uint32_t segment = 0; segment < placement.view().segments; ++segment) {
    if (segment > 0) text += '|';
    bool first = true;
    for (const MemberIndex owner : placement.owners({segment})) {
      if (!first) text += ' ';
      first = false;
      text += placement.view().members[owner.value].name;
    }
  }
  return text;
}

Loads actual_loads(const Placement& placement) {
  const std::size_t members = placement.view().members.size();
  Loads loads{std::vector<double>(members), std::vector<double>(members)};
  for (std::uint32_t segment = 0; segment < placement.view().segments; ++segment) {
    const auto owners = placement.owners({segment});
    if (!owners.empty()) ++loads.primary[owners.front().value];
    for (const MemberIndex owner : owners) ++loads.owned[owner.value];
  }
  return loads;
}

std::size_t members_with_capacity(const View& view) {
  return static_cast<std::size_t>(std::count_if(view.members.begin(), view.members.end(),
                                                [](const Member& m) { return m.capacity > 0; }));
}

Loads expected_loads(const View& view) {
  struct Zone {
    double capacity = 0;
    double members = 0;
  };
  std::map<std::string, Zone> zones;
  const auto zone_of = [](const Member& m) { return m.zone.empty() ? "only " + m.name : m.zone; };
  double capacity = 0;
  for (const Member& member : view.members) {
    if (member.capacity == 0) continue;
    zones[zone_of(member)].capacity += member.capacity;
    zones[zone_of(member)].members += 1;
    capacity += member.capacity;
  }
  const double copies =
      std::min<double>(view.copies, static_cast<double>(members_with_capacity(view)));

  // The most copies of a segment that a zone takes.
  double rounds = 0;
  for (double taken = 0; taken < copies;) {
    rounds += 1;
    for (const auto& [name, zone] : zones) taken += zone.members >= rounds ? 1 : 0;
  }

  // The copies per unit of capacity for which all find a place.
  const auto copies_in = [&](const Zone& zone, double level) {
    return std::clamp(level * zone.capacity, std::min(zone.members, rounds - 1),
                      std::min(zone.members, rounds));
  };
  double low = 0;
  double high = 10;
  for (int i = 0; i < 200; ++i) {
    const double level = (low + high) / 2;
    double sum = 0;
    for (const auto& [name, zone] : zones) sum += copies_in(zone, level);
    (sum < copies ? low : high) = level;
  }

  Loads loads;
  for (const Member& member : view.members) {
    if (member.capacity == 0 || copies == 0) {
      loads.primary.push_back(0);
      loads.owned.push_back(0);
      continue;
    }
    const Zone& zone = zones[zone_of(member)];
    loads.primary.push_back(view.segments * member.capacity / capacity);
    loads.owned.push_back(view.segments * copies_in(zone, high) * member.capacity / zone.capacity);
  }
  return loads;
}

Changes changes_between(const Placement& before, const Placement& after) {
  const auto names = [](const Placement& placement, std::uint32_t segment) {
    std::vector<const std::string*> result;
    for (const MemberIndex owner : placement.owners({segment})) {
      result.push_back(&placement.view().members[owner.value].name);
    }
    return result;
  };
  const auto holds = [](const std::vector<const std::string*>& owners, const std::string& name) {
    return std::any_of(owners.begin(), owners.end(), [&](auto owner) { return *owner == name; });
  };
  std::map<std::string, bool> survives;
  for (const Member& member : before.view().members) {
    survives[member.name] = after.view().find(member.name) != nullptr;
  }

  Changes changes;
  for (std::uint32_t segment = 0; segment < after.view().segments; ++segment) {
    const auto old_owners = names(before, segment);
    const auto new_owners = names(after, segment);
    bool kept_a_copy = false;
    for (const std::string* owner : old_owners) {
      if (!survives[*owner]) {
        ++changes.left;
        continue;
      }
      kept_a_copy = true;
      if (!holds(new_owners, *owner)) ++changes.lost;
    }
    for (const std::string* owner : new_owners) {
      if (!survives.contains(*owner)) {
        ++changes.joined;
      } else if (!holds(old_owners, *owner)) {
        ++changes.gained;
      }
    }
    if (old_owners.empty() || new_owners.empty()) continue;
    const std::string& old_primary = *old_owners.front();
    const std::string& new_primary = *new_owners.front();
    if (old_primary != new_primary && holds(new_owners, old_primary) &&
        holds(old_owners, new_primary)) {
      ++changes.swapped;
    }
    if (!kept_a_copy) continue;
    ++changes.kept_a_copy;
    if (holds(old_owners, new_primary)) ++changes.from_holders;
  }
  return changes;
}

}  // namespace sojourn::ring
