#include "membership/paxos.h"

#include <algorithm>

#include "membership/quorum.h"

namespace sojourn::membership {

Paxos::Paxos(const View& view, Incarnation self, Rules rules)
    : view_(view), self_(self), rules_(rules) {}

bool Paxos::is_quorum(const std::set<Incarnation>& members) const {
  if (!rules_.keep(Rule::kQuorum)) return !members.empty();
  return membership::is_quorum(view_, [&](const Member& member) {
    return members.contains(Incarnation{member.incarnation});
  });
}

void Paxos::to_others(const std::set<Incarnation>& but, const Message& message) {
  for (const Member& member : view_.members) {
    const Incarnation to{member.incarnation};
    if (to != self_ && !but.contains(to)) outgoing_.push_back({to, message});
  }
}

void Paxos::saw(Ballot ballot) { highest_round_ = std::max(highest_round_, ballot.round); }

// As proposer.

void Paxos::propose(Time now, ring::Layout layout) {
  const Ballot ballot{++highest_round_, self_};
  proposal_ = Proposal{.ballot = ballot, .since = now, .layout = std::move(layout)};
  promised_ = ballot;
  promised(self_, accepted_ ? std::optional(accepted_->first) : std::nullopt,
           accepted_ ? accepted_->second : ring::Layout());
  if (!proposal_->promised_by_quorum) to_others({}, Prepare{ballot});
}

void Paxos::ask_again() {
  if (!proposal_ || decided_) return;
  if (proposal_->promised_by_quorum) {
    to_others(proposal_->accepts, Propose{proposal_->ballot, proposal_->layout});
  } else {
    to_others(proposal_->promises, Prepare{proposal_->ballot});
  }
}

void Paxos::receive(Incarnation from, const Promise& promise) {
  saw(promise.ballot);
  if (!proposal_ || proposal_->ballot != promise.ballot) return;
  promised(from, promise.accepted, promise.layout);
}

void Paxos::promised(Incarnation from, std::optional<Ballot> accepted, const ring::Layout& layout) {
  Proposal& proposal = *proposal_;
  if (proposal.promised_by_quorum) return;
  proposal.promises.insert(from);
  if (accepted && (!proposal.adopted || *accepted > *proposal.adopted)) {
    proposal.adopted = accepted;
    if (rules_.keep(Rule::kAdoptAccepted)) proposal.layout = layout;
  }
  if (!is_quorum(proposal.promises)) return;
  proposal.promised_by_quorum = true;
  to_others({}, Propose{proposal.ballot, proposal.layout});
}

void Paxos::accept_own(absl::FunctionRef<bool(const ring::Layout&)> may_accept) {
  if (!proposal_ || !proposal_->promised_by_quorum || promised_ != proposal_->ballot) return;
  if (proposal_->accepts.contains(self_) || !may_accept(proposal_->layout)) return;
  accepted_ = {proposal_->ballot, proposal_->layout};
  accepted(self_);
}

void Paxos::receive(Incarnation from, const Accept& accept) {
  if (!proposal_ || proposal_->ballot != accept.ballot) return;
  accepted(from);
}

void Paxos::accepted(Incarnation from) {
  proposal_->accepts.insert(from);
  if (is_quorum(proposal_->accepts)) decided_ = proposal_->layout;
}

void Paxos::receive(Incarnation /*from*/, const Refuse& refuse) {
  saw(refuse.promised);
  if (proposal_ && proposal_->ballot == refuse.ballot) give_up();
}

// As acceptor.

void Paxos::receive(Incarnation from, const Prepare& prepare) {
  saw(prepare.ballot);
  if (prepare.ballot < promised_) {
    outgoing_.push_back({from, Refuse{prepare.ballot, promised_}});
    return;
  }
  promised_ = prepare.ballot;
  Promise promise = {.ballot = prepare.ballot};
  if (accepted_) {
    promise.accepted = accepted_->first;
    promise.layout = accepted_->second;
  }
  outgoing_.push_back({from, std::move(promise)});
}

void Paxos::receive(Incarnation from, const Propose& propose,
                    absl::FunctionRef<bool(const ring::Layout&)> may_accept) {
  saw(propose.ballot);
  if (propose.ballot < promised_) {
    outgoing_.push_back({from, Refuse{propose.ballot, promised_}});
    return;
  }
  const bool repeated = accepted_ && accepted_->first == propose.ballot;
  if (!repeated && !may_accept(propose.layout)) return;
  promised_ = propose.ballot;
  accepted_ = {propose.ballot, propose.layout};
  outgoing_.push_back({from, Accept{propose.ballot}});
}

}  // namespace sojourn::membership
