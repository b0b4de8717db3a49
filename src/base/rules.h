#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sojourn {

// The rules of the protocol that protect its promises (docs/protocol.md). Each is needed: the
// simulator leaves one out at a time and finds what breaks.
enum class Rule : std::uint8_t {
  kLease,                    // answers only under a lease
  kExclusionWaits,           // L2: a member is dropped only when the own grant to it has run out
  kGrantsOfThisEpoch,        // a lease counts only grants that were given under the installed epoch
  kConfirmation,             // a new primary waits until all members have installed the view
  kForgetting,               // an excluded member forgets everything
  kLeaseAfterAcks,           // the lease is checked after the last acknowledgement
  kAllWriters,               // a write is acknowledged by all writers
  kCompleteLearners,         // owners change when the learners are complete
  kNewIncarnation,           // a restarted process is a new incarnation
  kSnapshotNeverOverwrites,  // a snapshot never overwrites newer entries
  kLearnersKeepTombstones,   // a learner keeps its tombstones
  kWatermark,                // what is at or below the committed point is a repeat
  kEpochFence,               // replicas refuse the writes of other epochs
  kSynchronization,          // a new primary makes the other holders equal to itself
  kVersionsBeginWithEpoch,   // versions compare by epoch first
  kTombstoneForAbsent,       // a delete of what is absent is a write like any other
  kCommittedReads,           // readers see a write when it is committed
  kQuorum,                   // a view is decided by a quorum of the one before
  kNoGrantAfterAccept,       // L1: who has accepted a next view grants no lease at this one
  kCalmAfterInstall,         // L3: who has just installed a view drops nobody for a while
  kAdoptAccepted,            // a proposer adopts the value of the highest accepted ballot
  kUndeliveredEvents,        // a new primary delivers the events that the one before may not have
  kCount
};

// As words with hyphens: "exclusion-waits".
std::string_view name_of(Rule rule);
// Nothing if no rule has that name.
std::optional<Rule> rule_named(std::string_view name);

// Production keeps all of them.
struct Rules {
  // For simulations only.
  std::optional<Rule> without = {};

  bool keep(Rule rule) const { return without != rule; }
};

}  // namespace sojourn
