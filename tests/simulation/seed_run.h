#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/rules.h"
#include "base/time.h"

namespace sojourn::simulation {

// What came of one seed.
struct SeedReport {
  std::uint64_t seed = 0;
  // What the seed chose.
  std::string options = {};
  std::vector<std::string> violations = {};
  // Equal for equal runs, whoever compiled them.
  std::uint64_t trace_hash = 0;
  std::uint64_t calls = 0;
  std::uint64_t sessions = 0;
  std::uint64_t frames = 0;
  std::uint64_t faults = 0;
  std::uint64_t views = 0;
  // Histories that took too long to judge.
  std::uint64_t undecided = 0;
  std::string outcomes = {};
  // How long it was in virtual time.
  Duration simulated = {};
};

// Lets clients work on a cluster while things go wrong, then lets everything come to rest, and
// judges what the clients saw and what the members hold. The seed decides everything. Each event
// goes to `trace`, unless that is null.
//
// `rules` may leave one of the protocol's rules out, to see what it is good for.
SeedReport run_seed(std::uint64_t seed, std::ostream* trace = nullptr, Rules rules = {});

}  // namespace sojourn::simulation
