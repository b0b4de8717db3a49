#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// What one backup that keeps events is to be told: of which segments up to where it was told,
// and what of that it has not acknowledged.
struct Telling {
  std::uint64_t number = 0;
  std::map<SegmentId, Version> told = {};
  std::map<SegmentId, Version> next = {};
  Time tell_again_at = {};
};

// Uses of sessions to be told to one backup: what was told and not acknowledged, and what came
// since.
struct Uses {
  std::uint64_t number = 0;
  std::map<std::string, Time> told = {};
  std::map<std::string, Time> next = {};
  Time tell_again_at = {};
};

}  // namespace sojourn::replication
