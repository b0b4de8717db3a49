// Going on when the majority of a view is lost.

#include <algorithm>

#include "membership/membership.h"
#include "membership/quorum.h"

namespace sojourn::membership {

bool Membership::proves_death(const Member& member) const {
  return dead_in_time_.contains({member.incarnation});
}

// Whether this member has lost its majority, and yet what it holds is the newest there can be: all
// that are missing died while their promise stood not to accept a view without it.
bool Membership::may_recover(Time now) const {
  return !has_quorum(now) && std::all_of(roles_->view().members.begin(),
                                         roles_->view().members.end(), [&](const Member& member) {
                                           const Incarnation incarnation{member.incarnation};
                                           if (incarnation == incarnation_) return true;
                                           const Peer* peer = peer_of(incarnation);
                                           return (peer && connected(now, *peer)) ||
                                                  proves_death(member);
                                         });
}

// The layout of the next generation: the survivors, and as many of the new processes as may be
// admitted with them. The others join as always.
std::optional<ring::Layout> Membership::recovered_layout(Time now) const {
  if (!options_.recover_automatically) return std::nullopt;
  std::vector<Member> members;
  std::vector<Member> newcomers;
  for (Member member : roles_->view().members) {
    const Incarnation incarnation{member.incarnation};
    if (incarnation == incarnation_) {
      members.push_back(std::move(member));
      continue;
    }
    const auto found = peers_.find(member.name);
    if (found == peers_.end() || !connected(now, found->second)) return std::nullopt;
    const Peer& peer = found->second;
    if (peer.incarnation == incarnation) {
      if (!level_hello(peer) || !peer.hello->may_recover) return std::nullopt;
    } else {
      if (peer.epoch != 0 || !peer.disagreement.empty()) return std::nullopt;
      member.incarnation = peer.incarnation.value;
      member.address = peer.address;
      member.capacity = peer.hello->capacity;
      member.zone = peer.hello->zone;
      member.leaving = false;
      newcomers.push_back(std::move(member));
      continue;
    }
    members.push_back(std::move(member));
  }
  admit(members, std::move(newcomers), epoch() + 1);
  return next_generation(std::move(members));
}

// Above all generations that anybody is in: another attempt may have gone astray.
ring::Layout Membership::next_generation(std::vector<Member> members) const {
  ring::Layout layout = with_members(roles_->layout(), roles_->layout().base, std::move(members));
  for (const auto& [name, peer] : peers_) {
    layout.view.generation = std::max(layout.view.generation, peer.generation);
  }
  ++layout.view.generation;
  return layout;
}

// Whether all members of the view that are here have installed it: one that is behind is being
// told, and one that is ahead will tell us.
bool Membership::are_all_level(Time now) const {
  return std::all_of(roles_->view().members.begin(), roles_->view().members.end(),
                     [&](const Member& member) {
                       const Peer* peer = peer_of({member.incarnation});
                       return !peer || !connected(now, *peer) || is_level(*peer);
                     });
}

// Whoever of the view is here, and newcomers.
ring::Layout Membership::layout_of_those_here(Time now) const {
  std::vector<Member> members;
  std::vector<Member> newcomers;
  for (const Member& member : roles_->view().members) {
    const Peer* peer = peer_of({member.incarnation});
    const bool here = Incarnation{member.incarnation} == incarnation_ ||
                      (peer && connected(now, *peer) && is_level(*peer));
    if (here) members.push_back(member);
  }
  for (const auto& [name, peer] : peers_) {
    if (peer.epoch != 0 || !connected(now, peer) || !peer.disagreement.empty()) continue;
    newcomers.push_back({.name = name,
                         .address = peer.address,
                         .incarnation = peer.incarnation.value,
                         .capacity = peer.hello->capacity,
                         .zone = peer.hello->zone});
  }
  admit(members, std::move(newcomers), epoch() + 1);
  return next_generation(std::move(members));
}

// Whether those members of our view that the layout takes over hear us, and we are one of them.
bool Membership::are_survivors_here(Time now, const ring::Layout& layout) const {
  return find(layout.view, incarnation_) &&
         std::all_of(layout.view.members.begin(), layout.view.members.end(),
                     [&](const Member& member) {
                       const Incarnation incarnation{member.incarnation};
                       if (incarnation == incarnation_ || !find(roles_->view(), incarnation)) {
                         return true;
                       }
                       const Peer* peer = peer_of(incarnation);
                       return peer && connected(now, *peer);
                     });
}

void Membership::recover(Time now) {
  if (has_quorum(now)) {
    forced_ = false;
    return;
  }
  if (forced_) {
    if (are_all_level(now)) begin_generation(now, layout_of_those_here(now), true);
    return;
  }
  std::optional<ring::Layout> layout;
  if (may_recover(now)) layout = recovered_layout(now);
  if (!layout) return agreement_.give_up();
  const Member* eldest = nullptr;
  for (const Member& member : roles_->view().members) {
    if (!find(layout->view, {member.incarnation})) continue;
    if (!eldest || is_older(member, *eldest)) eldest = &member;
  }
  if (Incarnation{eldest->incarnation} != incarnation_) return;
  begin_generation(now, *std::move(layout), false);
}

// All members of our view that the layout takes over must agree.
void Membership::begin_generation(Time now, ring::Layout layout, bool forced) {
  std::set<Incarnation> survivors;
  for (const Member& member : roles_->view().members) {
    const Incarnation incarnation{member.incarnation};
    if (find(layout.view, incarnation)) survivors.insert(incarnation);
  }
  paxos_->give_up();
  agreement_.propose(std::move(layout), std::move(survivors));
  if (agreement_.waits_for().empty()) return install(now, ring::Layout(agreement_.proposed()));
  Propose request = agreement_.request();
  request.forced = forced;
  for (const Incarnation voter : agreement_.waits_for()) send(voter, request);
}

}  // namespace sojourn::membership
