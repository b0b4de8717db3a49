#pragma once

#include <sojourn/v1/admin.pb.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sojournctl {

namespace v1 = sojourn::v1;

// What one member has of the segments, by number.
using Holdings = std::map<std::uint32_t, v1::Digest>;

// Compares what members hold. Pure.
class Comparison {
 public:
  // By the member's name.
  using Members = std::map<std::string, Holdings>;

  // The segments that their holders do not have alike, or that has no primary among them.
  static std::set<std::uint32_t> differing(const Members& members, std::uint32_t segments);

  // What differs in that segment, a line for each id, if the digests came with entries: who holds
  // which version of it. Ids are told by their hashes.
  static std::vector<std::string> differences(const Members& members, std::uint32_t segment);
};

}  // namespace sojournctl
