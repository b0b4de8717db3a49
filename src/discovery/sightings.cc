#include "discovery/sightings.h"

#include <iterator>
#include <set>

namespace sojourn::discovery {

bool Sightings::answered(Time now, const std::vector<Found>& answer) {
  if (answer.empty()) return false;
  const std::set<Found> seen(answer.begin(), answer.end());
  bool changed = false;
  for (auto entry = sightings_.begin(); entry != sightings_.end();) {
    const auto& [found, misses] = *entry;
    Misses now_missed = {};
    if (seen.count(found) == 0) {
      now_missed = {.count = misses.count + 1, .since = misses.count == 0 ? now : misses.since};
    }
    entry->second = now_missed;
    const bool is_gone = now_missed.count >= kMissesMin && now - now_missed.since >= kMissedMin;
    changed |= is_gone;
    entry = is_gone ? sightings_.erase(entry) : std::next(entry);
  }
  for (const Found& found : seen) {
    if (sightings_.size() == kFoundMax) break;
    changed |= sightings_.emplace(found, Misses{}).second;
  }
  return changed;
}

std::vector<Found> Sightings::found() const {
  std::vector<Found> found;
  for (const auto& [sighting, misses] : sightings_) found.push_back(sighting);
  return found;
}

}  // namespace sojourn::discovery
