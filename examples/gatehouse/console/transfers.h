#pragma once

#include <sojourn/cluster_state.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

// Segments that one member receives from another one, their owner, to hold copies of them.
struct Transfer {
  std::string from = {};
  std::string to = {};
  // How many it has not received yet, and how many they were at most since this began.
  std::uint64_t left = 0;
  std::uint64_t most = 0;
};

// What is being transferred, as far as successive states of the cluster show it. Not safe from
// several threads.
class Transfers {
 public:
  void note(const sojourn::ClusterState& state);

  // Ordered by names.
  const std::vector<Transfer>& running() const { return running_; }

 private:
  std::vector<Transfer> running_;
};

// What changed in the cluster between two states, in words, each a sentence. A state without a view
// is one before the first.
std::vector<std::string> changes_between(const sojourn::ClusterState& before,
                                         const sojourn::ClusterState& after);

}  // namespace gatehouse
