#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "base/time.h"
#include "discovery/discovery.h"

namespace sojourn::discovery {

// What to believe of a source whose single answers are not to be trusted: a server that restarts
// may know half of the records, and a cache may be behind.
class Sightings {
 public:
  // What is missing from that many answers in a row, the first and the last of them at least that
  // far apart, is there no more.
  static constexpr int kMissesMin = 3;
  static constexpr Duration kMissedMin = std::chrono::seconds(10);
  // More than a cluster can have: a wrong name must not fill the memory.
  static constexpr std::size_t kFoundMax = 2048;

  // An answer came. Returns whether found() has changed. An empty answer says nothing.
  bool answered(Time now, const std::vector<Found>& answer);

  // In order.
  std::vector<Found> found() const;

 private:
  struct Misses {
    int count = 0;
    Time since = {};
  };

  std::map<Found, Misses> sightings_;
};

}  // namespace sojourn::discovery
