#pragma once

#include <absl/status/status.h>

#include <asio/io_context.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "chaos/cluster.h"
#include "chaos/figures.h"
#include "chaos/lateness.h"
#include "chaos/network.h"
#include "chaos/requests.h"
#include "chaos/watch.h"

namespace sojourn::chaos {

// What can happen to a cluster.
struct FaultKind {
  std::string_view name;
  std::string_view meaning;
  // Whether it needs a Network.
  bool network = false;
  // An operator does this on purpose: no request may fail.
  bool planned = false;
  // The fewest members that make sense of it.
  std::size_t members_min = 1;
};
const std::vector<FaultKind>& fault_kinds();
const FaultKind* find_fault_kind(std::string_view name);

// Does what can happen to a cluster, one thing after the other, and waits after each until all
// members are ready and safe. Drives the context meanwhile, on whose thread everything runs.
class Faults {
 public:
  // The references must outlive it; `network` may be null. `say` gets a line for each fault.
  Faults(asio::io_context& context, Cluster& cluster, Network* network, Watch& watch,
         Requests& requests, Figures& figures, Lateness& lateness, Random& random,
         std::function<void(const std::string&)> say);

  // The error says what the cluster did not do in time; then nothing more should be tried.
  absl::Status run(const FaultKind& kind);

  void wait_for(Clock::duration duration);
  absl::Status wait_until_safe();
  absl::Status wait_until(const std::string& what, Clock::duration most,
                          const std::function<bool()>& condition);

 private:
  absl::Status kill(bool at_once);
  absl::Status kill_one(std::size_t victim, Clock::duration pause);
  absl::Status kill_by_age(bool oldest);
  absl::Status stop(bool for_long);
  absl::Status isolate(bool inwards, bool outwards);
  absl::Status cut_pair();
  absl::Status lose_packets();
  absl::Status delay_packets();
  absl::Status pull_the_plug();
  absl::Status rolling_restart();
  absl::Status scale_to_one();
  absl::Status leave_and_join();

  // Makes sessions of these owners, and watches them through these members from now on.
  absl::Status begin(const std::string& what, const std::vector<std::size_t>& owners,
                     std::vector<std::size_t> asked = {});
  absl::Status end();
  absl::Status wait_until_gone(std::size_t member);

  bool is_oldest(std::size_t member) const;
  std::size_t draw_holder();
  std::vector<std::size_t> holders() const;
  std::vector<std::size_t> holders_but(const std::vector<std::size_t>& members) const;
  Clock::duration draw_time(std::chrono::milliseconds least, std::chrono::milliseconds most);
  PhaseFigures& figures() { return figures_.of(phase_); }

  asio::io_context& context_;
  Cluster& cluster_;
  Network* const network_;
  Watch& watch_;
  Requests& requests_;
  Figures& figures_;
  Lateness& lateness_;
  Random& random_;
  std::function<void(const std::string&)> say_;
  // The kind under way.
  std::string phase_;
  // Since when all members have been ready and safe; max() if they are not.
  Clock::time_point safe_since_ = Clock::time_point::max();
};

}  // namespace sojourn::chaos
