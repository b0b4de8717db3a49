// What this member knows of the others: which processes they are, and who hears whom.

#include <algorithm>
#include <tuple>

#include "membership/membership.h"
#include "membership/quorum.h"
#include "membership/timing.h"

namespace sojourn::membership {
namespace {

// A member that does not hear us is answered at most so often.
constexpr Duration kAnswerAgain = std::chrono::milliseconds(20);

}  // namespace

// Whether the sender lived when something was said to it after that time.
bool Membership::answers_since(const Hello& hello, Time time) const {
  return hello.echo_of == incarnation_ && hello.echo > stamp_of(time);
}

// Whether the member is connected, and was after this one was held up.
bool Membership::is_surely_here(Time now, const Peer& peer) const {
  return connected(now, peer) &&
         (woke_at_ == Time::min() || answers_since(*peer.hello, woke_at_ - Duration(1)));
}

// Whether the message comes from the incarnation of that name that is alive. A new one replaces the
// old: a name is one process at a time.
bool Membership::note_incarnation(Time now, const std::string& from, Incarnation incarnation,
                                  const Message& message) {
  Peer& peer = peers_[from];
  if (incarnation == Incarnation{} || peer.superseded.contains(incarnation)) return false;
  const auto* hello = std::get_if<Hello>(&message);
  if (hello) peer.last_stamp = {hello->stamp, incarnation};
  const bool is_answer = hello && answers_since(*hello, peer.candidate_since);
  if (incarnation == peer.incarnation) {
    if (peer.candidate != Incarnation{} && is_answer) {
      peer.superseded.insert(std::exchange(peer.candidate, {}));
    }
    return true;
  }
  if (peer.incarnation != Incarnation{}) {
    if (!hello) return false;
    const bool known = peer.candidate == incarnation;
    if (!known) {
      peer.candidate = incarnation;
      peer.candidate_since = now;
    }
    if (!known || !is_answer) {
      send_hello(now + Duration(1), from);
      return false;
    }
    peer.superseded.insert(peer.incarnation);
    notice(Notice::Level::kWarning, "member " + from + " started anew");
  }
  peer = {.address = peer.address,
          .incarnation = incarnation,
          .superseded = std::move(peer.superseded),
          .last_stamp = peer.last_stamp};
  peer.heard_at = now;
  // It should not have to wait for the next heartbeat to know that it is heard.
  send_hello(now, from);
  return true;
}

void Membership::on(Time now, const std::string& from, const Hello& hello) {
  Peer& peer = peers_[from];
  if (peer.hello && hello.stamp < peer.hello->stamp) return;  // overtaken
  const bool was_connected = connected(now, peer);
  const bool was_level = level_hello(peer) != nullptr;
  const bool news = !peer.hello || peer.hello->progress != hello.progress ||
                    peer.hello->leaving != hello.leaving || peer.hello->hears != hello.hears ||
                    peer.hello->may_recover != hello.may_recover;
  peer.hello = hello;
  peer.hello_view = peer.message_view;
  if (!hello.address.empty() && hello.address != peer.address) {
    peer.address = hello.address;
    ++peers_version_;
  }
  std::string disagreement = this->disagreement(from, hello);
  if (!disagreement.empty() && disagreement != peer.disagreement) {
    notice(Notice::Level::kError, disagreement);
  }
  peer.disagreement = std::move(disagreement);
  const bool hears_us =
      std::find(hello.hears.begin(), hello.hears.end(), incarnation_) != hello.hears.end();
  // It waits for a word of ours to know that this process is the one that is alive.
  const bool doubts_us = !hears_us && hello.echo != 0;
  const bool may_answer = !peer.answered_at || now - *peer.answered_at >= kAnswerAgain;
  if ((doubts_us && may_answer) || (!was_connected && connected(now, peer))) {
    peer.answered_at = now;
    send_hello(now, from);
  }
  if (news) next_step_ = now;
  // Only now can it grant us a lease under our view: it is asked at once.
  if (!was_level && level_hello(peer) && primaries_.contains(incarnation_)) send_hello(now, from);

  if (!roles_) return;
  for (const Member& member : roles_->view().members) {
    // The process before it was dead when this one began.
    if (member.name != from || !is_superseded(member)) continue;
    // Both clocks may be five percent off.
    const Time died_by = now - hello.uptime + hello.uptime / 10;
    if (died_by < leases_.granted_until({member.incarnation})) {
      dead_in_time_.insert({member.incarnation});
    }
  }
  const bool fenced = options_.rules.keep(Rule::kGrantsOfThisEpoch);
  if (!level_hello(peer)) {
    tell_view(now, from);
    if (!fenced && peer.hello_view.second > 0) {
      leases_.grant(now, peer.incarnation);
      send(from, Grant{hello.stamp});
    }
    return;
  }
  const Member* member = roles_->view().find(from);
  if (!member || Incarnation{member->incarnation} != peer.incarnation) {
    // It is in another cluster that came to the same number: one of the two must yield.
    if (may_tell(now, peer)) send(from, Decide{roles_->layout()});
    return;
  }
  // Who is nobody's primary needs no lease, and without one it can be dropped without waiting.
  if (!primaries_.contains(peer.incarnation)) return;
  const auto refused = not_granted_until_.find(peer.incarnation);
  if (refused != not_granted_until_.end() && now < refused->second) return;
  const bool bound = paxos_->has_accepted() || agreement_.accepted().has_value();
  if (bound && options_.rules.keep(Rule::kNoGrantAfterAccept)) return;
  leases_.grant(now, peer.incarnation);
  send(from, Grant{hello.stamp});
}

void Membership::on(Time now, const std::string& from, const Grant& grant) {
  const Peer& peer = peers_[from];
  if (!roles_ || !find(roles_->view(), peer.incarnation)) return;
  const Time asked = time_of(grant.stamp);
  if (asked <= now) leases_.granted(peer.incarnation, asked);
}

std::string Membership::disagreement(const std::string& from, const Hello& hello) const {
  const std::string who = "member " + from;
  if (hello.cluster != options_.cluster) {
    return who + " belongs to cluster " + hello.cluster + ", not " + options_.cluster;
  }
  if (hello.name != from) return who + " calls itself " + hello.name;
  if (hello.segments != options_.segments) {
    return who + " has " + std::to_string(hello.segments) + " segments, not " +
           std::to_string(options_.segments);
  }
  if (hello.copies != options_.copies) {
    return who + " keeps " + std::to_string(hello.copies) + " copies, not " +
           std::to_string(options_.copies);
  }
  if (hello.lease != options_.lease) {
    const auto in_ms = [](Duration lease) { return std::to_string(lease.count() / 1000) + " ms"; };
    return who + " has a lease of " + in_ms(hello.lease) + ", not " + in_ms(options_.lease);
  }
  if (hello.wire_version_min > options_.wire_version_max ||
      hello.wire_version_max < options_.wire_version_min) {
    return who + " speaks wire versions " + std::to_string(hello.wire_version_min) + " to " +
           std::to_string(hello.wire_version_max) + ", not " +
           std::to_string(options_.wire_version_min) + " to " +
           std::to_string(options_.wire_version_max);
  }
  return {};
}

bool Membership::hears(Time now, const Peer& peer) const {
  const Duration silence = kSilence * patience_ * options_.heartbeat_interval;
  return peer.heard_at && !peer.gone_at && now - *peer.heard_at < silence;
}

bool Membership::connected(Time now, const Peer& peer) const {
  return hears(now, peer) && peer.hello &&
         std::find(peer.hello->hears.begin(), peer.hello->hears.end(), incarnation_) !=
             peer.hello->hears.end();
}

bool Membership::connected(Time now, const std::string& name) const {
  const auto peer = peers_.find(name);
  return peer != peers_.end() && connected(now, peer->second);
}

std::size_t Membership::connected_count(Time now) const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(),
                    [&](const auto& entry) { return connected(now, entry.second); }));
}

const Membership::Peer* Membership::peer_of(Incarnation incarnation) const {
  const Member* member = find(roles_->view(), incarnation);
  if (!member) return nullptr;
  const auto peer = peers_.find(member->name);
  if (peer == peers_.end() || peer->second.incarnation != incarnation) return nullptr;
  return &peer->second;
}

const Member* Membership::self() const { return find(roles_->view(), incarnation_); }

bool Membership::is_superseded(const Member& member) const {
  const auto peer = peers_.find(member.name);
  return peer != peers_.end() && peer->second.superseded.contains({member.incarnation});
}

// Whether it has installed what we have installed.
bool Membership::is_level(const Peer& peer) const {
  return peer.generation == generation() && peer.epoch == epoch();
}

bool Membership::is_level(const std::string& name) const {
  const auto peer = peers_.find(name);
  const Member* member = roles_ ? roles_->view().find(name) : nullptr;
  return member && peer != peers_.end() && is_level(peer->second) &&
         peer->second.incarnation == Incarnation{member->incarnation};
}

const Hello* Membership::level_hello(const Peer& peer) const {
  const bool level = peer.hello && peer.hello_view == std::pair(generation(), epoch());
  return level ? &*peer.hello : nullptr;
}

void Membership::watch(Time now) {
  std::vector<std::pair<Incarnation, const Peer*>> present;
  for (const Member& member : roles_->view().members) {
    const auto found = peers_.find(member.name);
    if (found == peers_.end()) continue;
    Peer& peer = found->second;
    const bool same = peer.incarnation == Incarnation{member.incarnation};
    if (same && connected(now, peer)) {
      peer.broken_since.reset();
      present.push_back({peer.incarnation, &peer});
    } else if (!peer.broken_since) {
      peer.broken_since = now;
    }
  }
  // Two members that are both here and do not hear each other cannot both stay for long: what both
  // of them write would never be acknowledged.
  const auto hear = [](const Peer& peer, Incarnation other) {
    return std::find(peer.hello->hears.begin(), peer.hello->hears.end(), other) !=
           peer.hello->hears.end();
  };
  std::map<std::pair<Incarnation, Incarnation>, Time> broken;
  for (const auto& [a, peer_a] : present) {
    for (const auto& [b, peer_b] : present) {
      if (a >= b || (hear(*peer_a, b) && hear(*peer_b, a))) continue;
      const auto before = broken_pairs_.find({a, b});
      broken[{a, b}] = before == broken_pairs_.end() ? now : before->second;
    }
  }
  broken_pairs_ = std::move(broken);
}

bool Membership::is_down(Time now, const Member& member) const {
  const Incarnation incarnation{member.incarnation};
  if (incarnation == incarnation_) return false;
  if (is_superseded(member)) return true;
  const auto found = peers_.find(member.name);
  if (found == peers_.end()) return false;
  const Peer& peer = found->second;
  if (connected(now, peer)) return false;
  if (peer.broken_since &&
      now - *peer.broken_since >= kLongSilence * patience_ * options_.heartbeat_interval) {
    return true;
  }
  if (hears(now, peer)) return false;
  if (roles_->view().members.size() <= 2) return true;
  // One report may be the reporter's fault.
  return std::any_of(
      roles_->view().members.begin(), roles_->view().members.end(), [&](const Member& other) {
        const Peer* reporter = peer_of({other.incarnation});
        return reporter && connected(now, *reporter) &&
               std::find(reporter->hello->hears.begin(), reporter->hello->hears.end(),
                         incarnation) == reporter->hello->hears.end();
      });
}

std::set<Incarnation> Membership::down_members(Time now) const {
  std::set<Incarnation> down;
  for (const Member& member : roles_->view().members) {
    if (is_down(now, member)) down.insert({member.incarnation});
  }
  // Of those that do not hear each other, the one with whom most others have that trouble goes; of
  // equals the youngest.
  std::map<Incarnation, int> troubles;
  for (const auto& [pair, since] : broken_pairs_) {
    if (now - since < kLongSilence * patience_ * options_.heartbeat_interval) continue;
    if (down.contains(pair.first) || down.contains(pair.second)) continue;
    ++troubles[pair.first];
    ++troubles[pair.second];
  }
  const Member* worst = nullptr;
  for (const auto& [incarnation, count] : troubles) {
    const Member* member = find(roles_->view(), incarnation);
    if (!worst || count > troubles[{worst->incarnation}] ||
        (count == troubles[{worst->incarnation}] && is_older(*worst, *member))) {
      worst = member;
    }
  }
  if (worst) down.insert({worst->incarnation});
  return down;
}

}  // namespace sojourn::membership
