#pragma once

#include <absl/functional/function_ref.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/rules.h"
#include "base/time.h"
#include "membership/messages.h"
#include "ring/layout.h"

namespace sojourn::membership {

// The decision on one layout, that of the epoch after the installed one, among the members of the
// installed view: single-decree Paxos (Lamport, The Part-Time Parliament, 1998). Its state lives in
// memory only. That is safe because a process that has lost it is another incarnation, which has no
// vote until a view admits it.
//
// An engine's part: not safe from several threads.
class Paxos {
 public:
  using Message = std::variant<Prepare, Promise, Propose, Accept, Refuse>;
  struct Outgoing {
    Incarnation to = {};
    Message message = {};
  };

  // `view` must outlive it.
  Paxos(const View& view, Incarnation self, Rules rules);

  // As proposer: begins a ballot higher than all that were seen, for this layout, or for the one
  // that has to be adopted instead.
  void propose(Time now, ring::Layout layout);
  bool is_proposing() const { return proposal_.has_value(); }
  Time proposing_since() const { return proposal_->since; }
  void give_up() { proposal_.reset(); }
  // Whether the proposal may still be any layout: no promise told of another, and it has not been
  // sent.
  bool is_free() const {
    return proposal_ && !proposal_->adopted && !proposal_->promised_by_quorum;
  }
  // Of a free proposal.
  void revise(ring::Layout layout) { proposal_->layout = std::move(layout); }
  // Asks those again that have not answered.
  void ask_again();

  void receive(Incarnation from, const Prepare& prepare);
  void receive(Incarnation from, const Promise& promise);
  // `may_accept` is asked whether this member's promises to others allow the layout. If not,
  // nothing is answered; the proposer asks again.
  void receive(Incarnation from, const Propose& propose,
               absl::FunctionRef<bool(const ring::Layout&)> may_accept);
  void receive(Incarnation from, const Accept& accept);
  void receive(Incarnation from, const Refuse& refuse);
  // The proposer's own vote for its layout, as soon as its promises allow it.
  void accept_own(absl::FunctionRef<bool(const ring::Layout&)> may_accept);

  bool has_accepted() const { return accepted_.has_value(); }
  // The layout that this member has accepted, or else proposes; null if there is none.
  const ring::Layout* pending() const {
    if (accepted_) return &accepted_->second;
    return proposal_ ? &proposal_->layout : nullptr;
  }
  const std::optional<ring::Layout>& decided() const { return decided_; }

  std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  struct Proposal {
    Ballot ballot = {};
    Time since = {};
    // What we want, until the promises say what it must be.
    ring::Layout layout = {};
    std::optional<Ballot> adopted = {};
    bool promised_by_quorum = false;
    std::set<Incarnation> promises = {};
    std::set<Incarnation> accepts = {};
  };

  bool is_quorum(const std::set<Incarnation>& members) const;
  void to_others(const std::set<Incarnation>& but, const Message& message);
  void promised(Incarnation from, std::optional<Ballot> accepted, const ring::Layout& layout);
  void accepted(Incarnation from);
  void saw(Ballot ballot);

  const View& view_;
  const Incarnation self_;
  const Rules rules_;
  // As acceptor.
  Ballot promised_ = {};
  std::optional<std::pair<Ballot, ring::Layout>> accepted_;
  // As proposer.
  std::uint64_t highest_round_ = 0;
  std::optional<Proposal> proposal_;
  std::optional<ring::Layout> decided_;
  std::vector<Outgoing> outgoing_;
};

}  // namespace sojourn::membership
