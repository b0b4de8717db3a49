#include "membership/agreement.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sojourn::membership {

void Agreement::propose(ring::Layout layout, std::set<Incarnation> voters) {
  if (proposal_ && proposal_->layout == layout) return;
  const Ballot ballot{++round_, self_};
  accepted_ = Propose{ballot, layout};
  proposal_ = Proposal{.ballot = ballot,
                       .layout = std::move(layout),
                       .voters = std::move(voters),
                       .accepts = {self_}};
}

std::vector<Incarnation> Agreement::waits_for() const {
  std::vector<Incarnation> missing;
  std::set_difference(proposal_->voters.begin(), proposal_->voters.end(),
                      proposal_->accepts.begin(), proposal_->accepts.end(),
                      std::back_inserter(missing));
  return missing;
}

bool Agreement::accepted(Incarnation from, const Accept& accept) {
  if (!proposal_ || proposal_->ballot != accept.ballot) return false;
  if (!proposal_->voters.contains(from)) return false;
  proposal_->accepts.insert(from);
  return waits_for().empty();
}

bool Agreement::accept(const Propose& propose, bool earlier_is_void) {
  if (accepted_) {
    const Ballot& earlier = accepted_->ballot;
    const bool same_proposer = earlier.proposer == propose.ballot.proposer;
    if (same_proposer ? earlier.round > propose.ballot.round : !earlier_is_void) return false;
  }
  accepted_ = propose;
  return true;
}

void Agreement::forget(Ballot ballot) {
  if (accepted_ && accepted_->ballot == ballot) accepted_.reset();
}

}  // namespace sojourn::membership
