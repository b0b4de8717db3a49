#pragma once

#include <sojourn/v1/admin.pb.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sojournctl {

namespace v1 = sojourn::v1;

// What a member does, between two of its snapshots.
struct Rates {
  double reads = 0;   // a second, of this member's own callers
  double writes = 0;  // a second
  double failed = 0;  // a second, reads and writes
  // Of the reads that were answered, the part that this member answered itself: where requests
  // arrive at the owners of their sessions it is 1. Nothing if there were no reads.
  std::optional<double> sticky_hits = {};

  static Rates between(const v1::Snapshot& before, const v1::Snapshot& after,
                       std::chrono::duration<double> elapsed);
};

// One member of a live view: its newest snapshot and its rates; or why there is none.
struct Watched {
  std::string name = {};
  std::string trouble = {};
  v1::Snapshot snapshot = {};
  Rates rates = {};
};

// The whole cluster at one moment. `at`: when, as it shall be shown.

// For a terminal: the newest view with how far its segments are, and a table of the members.
std::string watch_picture(const std::vector<Watched>& members);
// For a file or a pipe: a line for the cluster and one for each member, of words like "moving=0".
std::string watch_lines(const std::vector<Watched>& members, const std::string& at);
nlohmann::ordered_json watch_json(const std::vector<Watched>& members, const std::string& at);

// Of the member that knows the newest view; null if no member answers.
const v1::Snapshot* newest_view(const std::vector<Watched>& members);

}  // namespace sojournctl
