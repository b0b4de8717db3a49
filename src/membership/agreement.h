#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "membership/messages.h"
#include "ring/layout.h"

namespace sojourn::membership {

// A decision on a layout that all voters must accept: that of the first view, and that of a
// cluster that begins again after it lost its majority. There is no quorum to ask then, because
// nobody can say who else there is, or because most of them have forgotten everything.
//
// A member installs a decided layout only if it is the one it accepted last, so of two that share a
// living voter at most one is installed by all. See docs/decisions/0001.
//
// An engine's part: not safe from several threads.
class Agreement {
 public:
  explicit Agreement(Incarnation self) : self_(self) {}

  // As proposer: asks the voters, this member among them, to accept the layout. A layout other than
  // the last gets a new ballot.
  void propose(ring::Layout layout, std::set<Incarnation> voters);
  bool is_proposing() const { return proposal_.has_value(); }
  void give_up() { proposal_.reset(); }
  // What the voters that have not accepted are to be sent.
  Propose request() const { return {.ballot = proposal_->ballot, .layout = proposal_->layout}; }
  std::vector<Incarnation> waits_for() const;
  // A voter accepted. True if that decides.
  bool accepted(Incarnation from, const Accept& accept);
  const ring::Layout& proposed() const { return proposal_->layout; }

  // As voter: whether the proposal is accepted. `earlier_is_void` says whether what was accepted
  // before, of another proposer, can never be decided.
  bool accept(const Propose& propose, bool earlier_is_void);
  const std::optional<Propose>& accepted() const { return accepted_; }
  // The proposer has given that ballot up: it will never be decided.
  void forget(Ballot ballot);
  bool is_proposing(Ballot ballot) const { return proposal_ && proposal_->ballot == ballot; }
  bool may_install(const ring::Layout& layout) const {
    return accepted_ && accepted_->layout == layout;
  }

 private:
  struct Proposal {
    Ballot ballot = {};
    ring::Layout layout = {};
    std::set<Incarnation> voters = {};
    std::set<Incarnation> accepts = {};
  };

  Incarnation self_;
  // Above all rounds of Paxos, so that nobody takes an answer to one for an answer to the other.
  std::uint64_t round_ = std::uint64_t{1} << 62;
  std::optional<Proposal> proposal_;
  std::optional<Propose> accepted_;
};

}  // namespace sojourn::membership
