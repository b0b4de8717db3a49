// Each rule of the protocol is needed: without it the simulator finds what breaks.

#include <array>
#include <cstdint>
#include <string>

#include "base/rules.h"
#include "simulation/seed_run.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

// A rule, and the first seed of those that are tried: one that is known to find its loss, so that
// the test is quick. When the protocol changes, others will:
//   simulate --seeds 1..300 --without RULE
struct Mutation {
  Rule rule;
  std::uint64_t first_seed;
};

constexpr std::uint64_t kSeedsMax = 300;

constexpr std::array kMutations = {
    Mutation{Rule::kLease, 4},
    Mutation{Rule::kExclusionWaits, 4},
    Mutation{Rule::kGrantsOfThisEpoch, 56},
    Mutation{Rule::kConfirmation, 22},
    Mutation{Rule::kForgetting, 3},
    Mutation{Rule::kAllWriters, 1},
    Mutation{Rule::kCompleteLearners, 6},
    Mutation{Rule::kNewIncarnation, 11},
    Mutation{Rule::kSnapshotNeverOverwrites, 13},
    Mutation{Rule::kWatermark, 53},
    Mutation{Rule::kEpochFence, 64},
    Mutation{Rule::kSynchronization, 28},
    Mutation{Rule::kVersionsBeginWithEpoch, 3},
    Mutation{Rule::kTombstoneForAbsent, 263},
    Mutation{Rule::kCommittedReads, 4},
    Mutation{Rule::kQuorum, 151},
    Mutation{Rule::kAdoptAccepted, 193},
};

TEST_CASE("whichever of these rules is left out, something breaks and is found", "[mutation]") {
  for (const Mutation& mutation : kMutations) {
    INFO("without " << name_of(mutation.rule));
    std::uint64_t seed = mutation.first_seed;
    const std::uint64_t end = seed + kSeedsMax;
    while (seed < end && run_seed(seed, nullptr, {mutation.rule}).violations.empty()) ++seed;
    CHECK(seed < end);
    // It is the rule that was missed, and nothing else.
    CHECK(run_seed(seed).violations.empty());
  }
}

}  // namespace
}  // namespace sojourn::simulation
