#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "node/node.h"
#include "replication/messages.h"
#include "sojourn/version.h"

namespace sojourn::node {

// What operators may ask of the data of one member, piece by piece. Pure functions, for whoever may
// look at all of a node.

// What a member has of one segment.
struct Holding {
  struct Entry {
    // stable_hash() of the id.
    std::uint64_t id_hash = 0;
    Version version = {};
  };
  SegmentId segment = {};
  // Whether it is the primary; and whether it holds all, as primary, or as another holder.
  bool primary = false;
  bool holds = false;
  // As Replica::digest().
  std::uint64_t digest = 0;
  std::uint64_t records = 0;
  // Ordered by hash; if they were asked for.
  std::vector<Entry> entries = {};
};

struct Holdings {
  // Those of which it is a writer, from the first that was asked for.
  std::vector<Holding> segments = {};
  // Where to go on: behind the last that was asked for if that is all.
  std::uint32_t next = 0;
};

// Stops behind the segment with which it has looked at so many records, or so many segments.
struct HoldingsBounds {
  std::size_t records = 20000;
  std::size_t segments = 1024;
};
Holdings holdings_of(const Node& node, std::uint32_t first, std::uint32_t last, bool with_entries,
                     HoldingsBounds bounds = {});

// Sessions of the segments whose primary this member is, logins in progress among them.
struct SessionsOwned {
  // kUnavailable if it does not serve one of the segments at this moment.
  absl::Status status = {};
  // By segment, then by id.
  std::vector<replication::Copy> sessions = {};
  // Where to go on: behind all segments if that is all. Of that segment, those that follow the id.
  std::uint32_t next_segment = 0;
  std::string next_after = {};
};

// Stops at so many sessions, bytes of them, or segments.
struct SessionsBounds {
  std::size_t sessions = 500;
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t segments = 1024;
};
SessionsOwned sessions_owned(const Node& node, Time now, std::uint32_t first,
                             const std::string& after, SessionsBounds bounds = {});

}  // namespace sojourn::node
