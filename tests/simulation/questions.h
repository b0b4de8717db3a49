#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "replication/question.h"
#include "simulation/history.h"
#include "simulation/simulation.h"

namespace sojourn::simulation {

// A question about all sessions of a subject or label, and what its client was told.
struct Asked {
  replication::Question question = {};
  Time called = {};
  Time returned = Time::max();
  absl::StatusCode status = absl::StatusCode::kUnknown;
  std::set<std::string> listed = {};
  std::uint64_t count = 0;
  bool more = false;
  // How many views there were when it was called and when it returned.
  std::uint64_t views_before = 0;
  std::uint64_t views_after = 0;
};

// When a session was certainly there, as its clients saw.
struct Sighting {
  std::string id = {};
  std::string subject = {};
  Time from = {};
  Time until = {};
};

// Of the calls of one lineage.
std::vector<Sighting> sightings(const History& history);

// A session that was there all the time is listed, and one that was gone before is not.
void check_listing(Simulation& simulation, const Asked& asked,
                   const std::vector<Sighting>& sightings,
                   const std::map<std::string, Time>& gone_at);

// No subject ever has more sessions than it may.
void check_limit(Simulation& simulation, const std::vector<Sighting>& sightings);

// Every member's index is what a search through its table gives; at any time.
void check_indexes(Simulation& simulation);

}  // namespace sojourn::simulation
