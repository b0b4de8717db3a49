// From each view to the next: planned by the oldest, decided by a quorum, installed by all.

#include <algorithm>

#include "base/counted.h"
#include "membership/membership.h"
#include "membership/quorum.h"

namespace sojourn::membership {
namespace {

// How often those that have not answered a proposal are asked again.
constexpr Duration kAskAgain = std::chrono::milliseconds(25);
// After how long a proposal that has come to nothing is planned anew, in leases.
constexpr int kProposalLeases = 3;
// A member that accepted a layout and heard no decision proposes it itself, the oldest first.
constexpr Duration kTakeover = std::chrono::milliseconds(400);
constexpr Duration kTakeoverRank = std::chrono::milliseconds(150);

// Of two clusters whose views have one number, because operators let both sides of a cut go on, the
// one with fewer members yields, and of equals the one without the lowest incarnation.
bool yields(const View& own, const View& other) {
  if (own.members.size() != other.members.size()) return own.members.size() < other.members.size();
  const auto lowest = [](const View& view) {
    const auto by_incarnation = [](const Member& a, const Member& b) {
      return a.incarnation < b.incarnation;
    };
    return std::min_element(view.members.begin(), view.members.end(), by_incarnation)->incarnation;
  };
  return lowest(other) < lowest(own);
}

}  // namespace

void Membership::on(Time now, const std::string& from, const ViewRequest& /*request*/) {
  if (roles_) tell_view(now, from);
}

void Membership::on(Time now, const std::string& /*from*/, const Decide& decide) {
  const View& view = decide.layout.view;
  if (view.segments != options_.segments || view.copies != options_.copies) return;
  const auto number = std::pair(view.generation, view.epoch);
  const auto own_number = std::pair(generation(), epoch());
  if (number < own_number) return;
  if (number == own_number && (!roles_ || !yields(roles_->view(), view))) return;
  if (!find(view, incarnation_)) {
    for (const Member& member : view.members) {
      discovered(now, {{member.name, member.address}});
    }
    if (!roles_) return;
    if (leaving_) {
      // A later view without it: a quorum of the one before knows that it has gone.
      if (farewell_ && std::pair(farewell_->view.generation, farewell_->view.epoch) <
                           std::pair(view.generation, view.epoch)) {
        left_ = true;
        return;
      }
      if (!farewell_) farewell_ = decide.layout;
      depart(now);
    } else if (!std::exchange(excluded_, true)) {
      notice(Notice::Level::kWarning, "view " + std::to_string(view.epoch) +
                                          " was decided without this member: it forgets what it "
                                          "holds, and asks to be admitted again");
    }
    return;
  }
  // The first view was accepted here. If another one was accepted since, this one is void: its
  // proposer is gone, and the members that accepted the other install nothing else.
  if (view.epoch == 1 && !agreement_.may_install(decide.layout)) return;
  install(now, decide.layout);
}

bool Membership::is_planner(const std::set<Incarnation>& down) const {
  const Member* own = self();
  return own && !down.contains(incarnation_) &&
         std::all_of(roles_->view().members.begin(), roles_->view().members.end(),
                     [&](const Member& member) {
                       return !is_older(member, *own) || down.contains({member.incarnation});
                     });
}

// Fresh incarnations that every member that is up hears, under names that are free.
std::vector<Member> Membership::candidates(Time now, const std::set<Incarnation>& dropped) const {
  std::vector<Member> joining;
  for (const auto& entry : peers_) {
    const std::string& name = entry.first;
    const Peer& peer = entry.second;
    if (peer.epoch != 0 || !connected(now, peer) || !peer.disagreement.empty()) continue;
    if (peer.hello->leaving || peer.candidate != Incarnation{}) continue;
    if (!is_surely_here(now, peer)) continue;
    const Member* namesake = roles_->view().find(name);
    if (namesake && !dropped.contains({namesake->incarnation})) continue;
    const bool heard_by_all = std::all_of(
        roles_->view().members.begin(), roles_->view().members.end(), [&](const Member& member) {
          const Incarnation incarnation{member.incarnation};
          if (incarnation == incarnation_ || dropped.contains(incarnation)) return true;
          const Peer* other = peer_of(incarnation);
          if (!other || !connected(now, *other)) return true;  // it will be dropped itself
          const std::vector<Incarnation>& heard = other->hello->hears;
          const std::vector<Incarnation>& hears = peer.hello->hears;
          return std::find(heard.begin(), heard.end(), peer.incarnation) != heard.end() &&
                 std::find(hears.begin(), hears.end(), incarnation) != hears.end();
        });
    if (!heard_by_all) continue;
    joining.push_back({.name = name,
                       .address = peer.address,
                       .incarnation = peer.incarnation.value,
                       .capacity = peer.hello->capacity,
                       .zone = peer.hello->zone});
  }
  return joining;
}

void Membership::plan(Time now) {
  if (agreement_.accepted()) return;
  if (paxos_->is_proposing()) {
    if (now - paxos_->proposing_since() >= kProposalLeases * options_.lease) {
      paxos_->give_up();
    } else if (!revise(now)) {
      paxos_->give_up();
    } else {
      paxos_->accept_own([&](const ring::Layout& next) { return may_accept(now, next); });
      if (paxos_->has_accepted() && !accepted_at_) accepted_at_ = now;
      check_decided(now);
      if (!paxos_ || !paxos_->is_proposing()) return;
      if (now >= ask_again_at_) {
        ask_again_at_ = now + kAskAgain;
        paxos_->ask_again();
      }
      flush_paxos();
      next_step_ = ask_again_at_;
      return;
    }
  }

  if (accepted_at_) {
    // Somebody's proposal has stopped half-way, and we grant nothing until it is decided.
    const auto rank =
        std::count_if(roles_->view().members.begin(), roles_->view().members.end(),
                      [&](const Member& member) { return is_older(member, *self()); });
    if (now >= *accepted_at_ + kTakeover + rank * kTakeoverRank) {
      *accepted_at_ = now;
      paxos_->propose(now, roles_->layout());
      ask_again_at_ = now + kAskAgain;
      flush_paxos();
      next_step_ = now;
    }
    return;
  }
  std::optional<ring::Layout> next = wanted(now);
  if (!next) return;
  paxos_->propose(now, *std::move(next));
  ask_again_at_ = now + kAskAgain;
  paxos_->accept_own([&](const ring::Layout& layout) { return may_accept(now, layout); });
  if (paxos_->has_accepted() && !accepted_at_) accepted_at_ = now;
  flush_paxos();
  check_decided(now);
  if (paxos_ && paxos_->is_proposing()) next_step_ = ask_again_at_;
}

// Much may have happened since a proposal was begun: until it is known what it must be, it is what
// is wanted now. False if that is nothing.
bool Membership::revise(Time now) {
  if (!paxos_->is_free() || accepted_at_) return true;
  std::optional<ring::Layout> next = wanted(now);
  if (next) paxos_->revise(*std::move(next));
  return next.has_value();
}

// The layout that should follow, if it is for this member to propose one.
std::optional<ring::Layout> Membership::wanted(Time now) {
  const std::set<Incarnation> down = down_members(now);
  if (!acknowledges_ && !is_planner(down)) return std::nullopt;
  if (!has_quorum(now)) return std::nullopt;

  Facts facts = {.losses_acknowledged = acknowledges_};
  if (is_planner(down)) {
    for (const Incarnation incarnation : down) {
      const Member& member = *find(roles_->view(), incarnation);
      not_granted_until_[incarnation] = now + 2 * options_.lease;
      if (may_drop(now, member)) {
        facts.dropped.insert(incarnation);
      } else {
        facts.others_down = true;
        const Time from = std::max(now + Duration(1), leases_.may_drop_from(incarnation));
        next_step_ = next_step_ ? std::min(*next_step_, from) : from;
      }
    }
    // Who has said nothing under this view may be gone already: then nobody else may go.
    for (const Member& member : roles_->view().members) {
      const Incarnation incarnation{member.incarnation};
      const Peer* peer = peer_of(incarnation);
      const bool here =
          incarnation == incarnation_ || (peer && connected(now, *peer) && level_hello(*peer));
      if (!here && !facts.dropped.contains(incarnation)) facts.others_down = true;
    }
    // Were the newcomer to fail as well, too few would be left to go on.
    if (!facts.others_down) facts.joining = candidates(now, facts.dropped);
    if (leaving_) facts.leaving.insert(incarnation_);
    facts.progress[incarnation_] = progress_;
    for (const Member& member : roles_->view().members) {
      const Peer* peer = peer_of({member.incarnation});
      if (!peer || !peer->hello) continue;
      if (peer->hello->leaving) facts.leaving.insert(peer->incarnation);
      if (const Hello* hello = level_hello(*peer)) {
        facts.progress[peer->incarnation] = hello->progress;
      }
    }
  }
  std::optional<ring::Layout> next = next_layout(*roles_, facts, options_.rules);
  if (!next) {
    acknowledges_ = false;
    return std::nullopt;
  }
  // A view in which too few are here could not be followed by another.
  const auto is_here = [&](const Member& member) {
    const Incarnation incarnation{member.incarnation};
    const Peer* peer = peer_of(incarnation);
    return incarnation == incarnation_ || !find(roles_->view(), incarnation) ||
           (peer && is_surely_here(now, *peer));
  };
  if (!is_quorum(next->view, is_here)) return std::nullopt;
  return next;
}

bool Membership::is_primary_of_something(Incarnation member) const {
  return primaries_.contains(member);
}

// Whether our promises allow a view without that member of the installed one.
bool Membership::may_drop(Time now, const Member& member) const {
  const Incarnation incarnation{member.incarnation};
  if (incarnation == incarnation_) {
    if (!is_primary_of_something(incarnation)) return true;
    // A member's vote counts also against itself: a layout without it may have been decided already
    // by others that are gone.
    return leases_.may_drop(now, incarnation);
  }
  // It has installed this view, in which it answers for nothing: it needs no lease and has none.
  const Peer* peer = peer_of(incarnation);
  if (peer && is_level(*peer) && !is_primary_of_something(incarnation)) return true;
  return leases_.may_drop(now, incarnation);
}

bool Membership::may_accept(Time now, const ring::Layout& layout) const {
  return std::all_of(roles_->view().members.begin(), roles_->view().members.end(),
                     [&](const Member& member) {
                       return find(layout.view, {member.incarnation}) || may_drop(now, member);
                     });
}

// Those whom the layout drops get no more leases from us, so that ours run out.
void Membership::stop_granting(Time now, const ring::Layout& layout) {
  for (const Member& member : roles_->view().members) {
    const Incarnation incarnation{member.incarnation};
    if (!find(layout.view, incarnation)) {
      not_granted_until_[incarnation] = now + 2 * options_.lease;
    }
  }
}

void Membership::flush_paxos() {
  for (Paxos::Outgoing& outgoing : paxos_->take_outgoing()) {
    std::visit([&](auto& body) { send(outgoing.to, std::move(body)); }, outgoing.message);
  }
}

void Membership::check_decided(Time now) {
  if (!paxos_ || !paxos_->decided()) return;
  const ring::Layout layout = *paxos_->decided();
  for (const Member& member : roles_->view().members) {
    if (member.name != options_.self) send(member.name, Decide{layout});
  }
  if (find(layout.view, incarnation_)) {
    install(now, layout);
  } else {
    farewell_ = layout;
    depart(now);
  }
}

void Membership::depart(Time now) {
  const View& view = farewell_->view;
  const auto knows = [&](const Member& member) {
    const auto peer = peers_.find(member.name);
    return peer != peers_.end() && peer->second.incarnation == Incarnation{member.incarnation} &&
           std::pair(peer->second.generation, peer->second.epoch) >=
               std::pair(view.generation, view.epoch);
  };
  const bool is_known = is_quorum(view, knows) ||
                        std::all_of(view.members.begin(), view.members.end(),
                                    [&](const Member& member) { return is_superseded(member); }) ||
                        std::any_of(peers_.begin(), peers_.end(), [&](const auto& peer) {
                          return std::pair(peer.second.generation, peer.second.epoch) >
                                 std::pair(view.generation, view.epoch);
                        });
  if (is_known) {
    (leaving_ ? left_ : excluded_) = true;
    return;
  }
  for (const Member& member : view.members) {
    if (!knows(member)) send(member.name, Decide{*farewell_});
  }
  next_step_ = now + kAskAgain;
}

// What was lost since the view that this member had before.
void Membership::tell_losses(std::uint64_t epoch_before) {
  const auto& losses = roles_->layout().losses;
  const auto lost = std::count_if(losses.begin(), losses.end(), [&](const auto& loss) {
    return loss.second.epoch > epoch_before && !loss.second.acknowledged;
  });
  if (lost == 0) return;
  notice(Notice::Level::kError,
         counted(static_cast<std::uint64_t>(lost), "segment") + " of " +
             std::to_string(roles_->view().segments) +
             " lost all copies: sessions in them are gone, and whoever asks is told so until the "
             "loss is acknowledged");
}

void Membership::install(Time now, const ring::Layout& layout) {
  const std::set<std::string> before = [&] {
    std::set<std::string> names;
    if (roles_) {
      for (const Member& member : roles_->view().members) names.insert(member.name);
    }
    return names;
  }();
  const std::uint64_t epoch_before = roles_ ? roles_->view().epoch : 0;
  roles_ = ring::Roles::of(std::make_shared<const ring::Layout>(layout));
  const View& view = roles_->view();
  agreement_ = Agreement(incarnation_);
  paxos_.emplace(view, incarnation_, options_.rules);
  leases_.install(now);
  not_granted_until_.clear();
  dead_in_time_.clear();
  accepted_at_.reset();
  forced_ = false;
  broken_pairs_.clear();
  for (auto& [name, peer] : peers_) peer.broken_since.reset();
  // Until it is reported: everything.
  progress_ = {view.segments, view.segments, 1};
  primaries_.clear();
  for (std::uint32_t segment = 0; segment < view.segments; ++segment) {
    if (const auto primary = roles_->primary({segment})) {
      primaries_.insert({view.members[primary->value].incarnation});
    }
  }
  std::string names;
  for (const Member& member : view.members) {
    discovered(now, {{member.name, member.address}});
    names += (names.empty() ? "" : ", ") + member.name + (member.leaving ? " (leaving)" : "");
  }
  notice(Notice::Level::kInfo, "view " + std::to_string(view.epoch) + " is installed: " + names);
  tell_losses(epoch_before);
  // Everybody hears of it: those that were in the view before as well.
  for (const Member& member : view.members) {
    if (member.name != options_.self) tell_view(now, member.name);
  }
  send_hello(now);
  next_step_ = now;
}

}  // namespace sojourn::membership
