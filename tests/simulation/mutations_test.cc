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
//   simulate --seeds 1..1000 --without RULE
//
// Not here is tombstone-for-absent: what it prevents others prevent too. A delete of what is absent
// can meet an older write only under another epoch (epoch-fence), on a holder that differs from its
// primary (synchronization), or from behind, where the create that it overtakes has not been
// answered. docs/protocol/ has the model in which it is needed.
struct Mutation {
  Rule rule;
  std::uint64_t first_seed;
};

constexpr std::uint64_t kSeedsMax = 1000;

constexpr std::array kMutations = {
    Mutation{Rule::kLease, 16},
    Mutation{Rule::kExclusionWaits, 32},
    Mutation{Rule::kGrantsOfThisEpoch, 35},
    Mutation{Rule::kConfirmation, 8},
    Mutation{Rule::kForgetting, 3},
    Mutation{Rule::kLeaseAfterAcks, 22},
    Mutation{Rule::kAllWriters, 1},
    Mutation{Rule::kCompleteLearners, 6},
    Mutation{Rule::kNewIncarnation, 2},
    Mutation{Rule::kSnapshotNeverOverwrites, 3},
    Mutation{Rule::kLearnersKeepTombstones, 59},
    Mutation{Rule::kWatermark, 1},
    Mutation{Rule::kEpochFence, 105},
    Mutation{Rule::kSynchronization, 11},
    Mutation{Rule::kVersionsBeginWithEpoch, 2},
    Mutation{Rule::kCommittedReads, 9},
    Mutation{Rule::kQuorum, 97},
    Mutation{Rule::kNoGrantAfterAccept, 2767},
    Mutation{Rule::kCalmAfterInstall, 727},
    Mutation{Rule::kAdoptAccepted, 21},
    Mutation{Rule::kUndeliveredEvents, 3},
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
