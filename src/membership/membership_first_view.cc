// The first view, which all its members accept.

#include <algorithm>

#include "membership/membership.h"
#include "membership/quorum.h"
#include "membership/timing.h"

namespace sojourn::membership {

void Membership::found(Time now) {
  std::vector<Member> members = {{.name = options_.self,
                                  .address = options_.address,
                                  .incarnation = incarnation_.value,
                                  .capacity = options_.capacity,
                                  .zone = options_.zone,
                                  .joined = 1}};
  for (const auto& [name, peer] : peers_) {
    if (!connected(now, peer) || !peer.disagreement.empty()) continue;
    if (peer.epoch != 0) {  // there is a view to be admitted to
      agreement_.give_up();
      return;
    }
    members.push_back({.name = name,
                       .address = peer.address,
                       .incarnation = peer.incarnation.value,
                       .capacity = peer.hello->capacity,
                       .zone = peer.hello->zone,
                       .joined = 1});
  }
  if (leaving_ || members.size() < options_.bootstrap_expect) return;
  if (knows_cluster(now)) return;
  // Those that are known and silent may be in a view already.
  const bool all_heard = std::all_of(peers_.begin(), peers_.end(), [](const auto& entry) {
    return entry.second.heard_at.has_value();
  });
  if (!all_heard && now - started_at_ < kLongSilence * options_.heartbeat_interval) return;
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  if (members.front().name != options_.self) return;

  std::set<Incarnation> voters;
  for (const Member& member : members) voters.insert({member.incarnation});
  ring::Layout layout = {.view = {.epoch = 1,
                                  .generation = 1,
                                  .segments = options_.segments,
                                  .copies = options_.copies,
                                  .members = std::move(members)}};
  layout.base = ring::first_base(layout.view);
  // What another proposer may have decided already must not be overwritten.
  const std::optional<Propose>& earlier = agreement_.accepted();
  if (earlier && earlier->ballot.proposer != incarnation_ && !is_void(*earlier)) {
    ask_author(*earlier);
    return;
  }
  agreement_.propose(std::move(layout), std::move(voters));
  if (agreement_.waits_for().empty()) return install(now, ring::Layout(agreement_.proposed()));
  for (const Incarnation voter : agreement_.waits_for()) {
    const Member* member = find(agreement_.proposed().view, voter);
    send(member->name, agreement_.request());
  }
}

// Whether somebody was in a view when last heard, and is not known to be dead. It may be silent for
// a while, and with it everything that there is: beside it no other cluster may begin.
bool Membership::knows_cluster(Time now) const {
  return !forced_ && std::any_of(peers_.begin(), peers_.end(), [&](const auto& entry) {
    const Peer& peer = entry.second;
    const bool dead =
        peer.gone_at && now - *peer.gone_at >= kLongSilence * options_.heartbeat_interval;
    return peer.epoch != 0 && !dead;
  });
}

// Whether that first view can never be decided any more: a process that it lists has died, or its
// proposer has.
bool Membership::is_void(const Propose& propose) const {
  const View& view = propose.layout.view;
  if (std::any_of(view.members.begin(), view.members.end(),
                  [&](const Member& member) { return is_superseded(member); })) {
    return true;
  }
  const Member* author = find(view, propose.ballot.proposer);
  const auto peer = author ? peers_.find(author->name) : peers_.end();
  return peer != peers_.end() && peer->second.gone_at.has_value();
}

// An acceptance that comes too late is answered by the proposer if it has given up.
void Membership::ask_author(const Propose& propose) {
  const Member* author = find(propose.layout.view, propose.ballot.proposer);
  if (author) send(author->name, Accept{propose.ballot});
}

void Membership::on(Time now, const std::string& from, const Propose& propose) {
  const Peer& peer = peers_[from];
  if (propose.ballot.proposer != peer.incarnation) return;
  const ring::Layout& layout = propose.layout;
  const auto answer = [&](bool earlier_is_void) {
    if (agreement_.accept(propose, earlier_is_void)) send(from, Accept{propose.ballot});
  };
  if (!roles_) {
    const auto is_here = [&](const Member& member) {
      if (member.name == options_.self) return Incarnation{member.incarnation} == incarnation_;
      const auto other = peers_.find(member.name);
      return other != peers_.end() &&
             other->second.incarnation == Incarnation{member.incarnation} &&
             hears(now, other->second);
    };
    const std::vector<Member>& members = layout.view.members;
    if (layout.view.epoch != 1 || layout.view.segments != options_.segments ||
        layout.view.copies != options_.copies || !find(layout.view, incarnation_) ||
        members.front().name != from || members.size() < options_.bootstrap_expect ||
        knows_cluster(now) || !std::all_of(members.begin(), members.end(), is_here)) {
      return;
    }
    const std::optional<Propose>& earlier = agreement_.accepted();
    if (!earlier) return answer(true);
    // Only its proposer can decide it. If that is us, we give it up; if it is void, it is
    // forgotten; otherwise its proposer is asked.
    const bool own = earlier->ballot.proposer == incarnation_;
    if (own) agreement_.give_up();
    const bool dead = is_void(*earlier);
    if (!own && !dead && earlier->ballot.proposer != peer.incarnation) ask_author(*earlier);
    return answer(own || dead);
  }
  if (layout.view.generation > generation()) {
    const bool allowed = propose.forced ? !has_quorum(now) && are_survivors_here(now, layout)
                                        : may_recover(now) && recovered_layout(now) == layout;
    if (!allowed) return;
    const std::optional<Propose>& earlier = agreement_.accepted();
    const Member* proposer = earlier ? find(roles_->view(), earlier->ballot.proposer) : nullptr;
    answer(proposer && is_superseded(*proposer));
    return;
  }
  if (!find(roles_->view(), peer.incarnation) || agreement_.accepted()) return;
  if (layout.view.generation != generation() || layout.view.epoch != epoch() + 1) return;
  paxos_->receive(peer.incarnation, propose,
                  [&](const ring::Layout& next) { return may_accept(now, next); });
  if (paxos_->has_accepted()) {
    if (!accepted_at_) accepted_at_ = now;
  } else {
    stop_granting(now, layout);
  }
  flush_paxos();
}

void Membership::on(Time now, const std::string& from, const Accept& accept) {
  const Peer& peer = peers_[from];
  if (agreement_.is_proposing() && agreement_.accepted(peer.incarnation, accept)) {
    install(now, ring::Layout(agreement_.proposed()));
    return;
  }
  if (!roles_ && !agreement_.is_proposing(accept.ballot)) {
    send(from, Refuse{accept.ballot, accept.ballot});
  }
  if (!roles_ || !find(roles_->view(), peer.incarnation)) return;
  paxos_->receive(peer.incarnation, accept);
  check_decided(now);
}

}  // namespace sojourn::membership
