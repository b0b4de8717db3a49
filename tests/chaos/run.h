#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chaos/cluster.h"
#include "chaos/faults.h"
#include "chaos/figures.h"
#include "chaos/judge.h"
#include "chaos/load.h"
#include "chaos/records.h"

namespace sojourn::chaos {

struct RunOptions {
  std::uint64_t seed = 1;
  // Faults until this time is over, and each kind at least so often.
  std::chrono::milliseconds time{};
  std::size_t rounds = 0;
  ClusterOptions cluster = {};
  LoadOptions load = {};
  // Bulk sessions that lie in the store all the time, and the bytes of each.
  std::uint64_t sessions = 0;
  std::uint64_t session_bytes = 512;
  // Names of fault_kinds(); each happens as often as the others.
  std::vector<std::string> faults = {};
  // Without: over loopback, and without the faults of the network.
  bool namespaces = true;
};

struct RunReport {
  Figures figures = {};
  Judgement judgement = {};
  Records records = {};
  // Everything that must not be, a line or more each.
  std::vector<std::string> problems = {};
  // With which messages calls failed.
  std::vector<std::string> first_messages = {};
  // "network namespaces", or why not.
  std::string network = {};
};

// One run: starts the members, lets users in, and does one fault after the other until the time is
// up; at the end reads every session again and judges what its users were told. Says on standard
// output what it does.
RunReport run_chaos(const RunOptions& options);

// What a run or a check found, for people.
std::string describe(const Judgement& judgement);

}  // namespace sojourn::chaos
