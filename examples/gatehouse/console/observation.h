#pragma once

#include <sojourn/cluster_state.h>
#include <sojourn/health.h>
#include <sojourn/metrics.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gatehouse/console/rates.h"
#include "gatehouse/console/segment_rings.h"
#include "gatehouse/console/transfers.h"

namespace gatehouse {

// How something is, for whoever has only a glance.
enum class Standing { kGood, kBusy, kBad };

struct ObservedMember {
  std::string name = {};
  std::string address = {};
  std::string zone = {};
  // Sixteen hexadecimal digits; empty of a member that is not in the view.
  std::string incarnation = {};
  std::uint32_t capacity = 1;
  Standing standing = Standing::kGood;
  std::string state = {};
  bool is_self = false;
  // Which of the colours is its own. Stays as long as the program runs.
  std::size_t colour = 0;
  // Segments that it answers for; those that it holds, these included; and those that it is yet to
  // receive.
  std::uint64_t owned = 0;
  std::uint64_t held = 0;
  std::uint64_t receiving = 0;
};

// Something that happened, with the time as people read it.
struct ObservedChange {
  std::string time = {};
  std::string text = {};
};

// All that the console shows, as this member sees it at one moment. A plain value.
struct Observation {
  std::string self = {};
  std::string cluster = {};
  Standing standing = Standing::kGood;
  // How the cluster is, in a sentence.
  std::string verdict = {};
  std::uint64_t epoch = 0;
  std::uint64_t segments = 0;
  std::uint32_t copies = 0;
  // In the order of the view, whose places the rings name; those that are missing come last.
  std::vector<ObservedMember> members = {};
  std::vector<Ring> rings = {};
  std::vector<Transfer> transfers = {};
  // The latest first.
  std::vector<ObservedChange> changes = {};
  std::vector<Rate> rates = {};
  StickyHits sticky_lately = {};
  StickyHits sticky_ever = {};
  sojourn::Health health = {};
  // Held here, as owner or backup.
  std::uint64_t sessions = 0;
  std::uint64_t logins = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;
};

// Its members, and what follows from their state: everything of an observation but what needs a
// look at earlier ones. `known` are names in the order of their colours, those of the configuration
// and all that were ever seen; whoever of `expected` is not in the view is told as missing.
Observation observe(const std::string& self, const sojourn::ClusterState& state,
                    const sojourn::Health& health, const sojourn::Metrics& metrics,
                    const std::vector<std::string>& expected,
                    const std::vector<std::string>& known);

}  // namespace gatehouse
