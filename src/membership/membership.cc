#include "membership/membership.h"

#include <algorithm>
#include <tuple>

#include "membership/quorum.h"
#include "membership/timing.h"

namespace sojourn::membership {
namespace {

// A view is sent to a member that is behind at most so often.
constexpr Duration kTellAgain = std::chrono::milliseconds(150);

constexpr std::size_t kPeersMax = 1024;
constexpr Duration kForgetPeer = std::chrono::minutes(10);

}  // namespace

Membership::Membership(MembershipOptions options, Incarnation incarnation)
    : options_(std::move(options)),
      incarnation_(incarnation),
      agreement_(incarnation),
      leases_(options_.lease, options_.rules) {
  for (const PeerAddress& peer : options_.known) {
    if (peer.name != options_.self) peers_[peer.name].address = peer.address;
  }
}

void Membership::start(Time now) {
  ++inputs_;
  started_at_ = now;
  next_heartbeat_ = now;
  tick(now);
}

void Membership::restart(Time now, Incarnation incarnation) {
  ++inputs_;
  incarnation_ = incarnation;
  started_at_ = now;
  roles_.reset();
  paxos_.reset();
  farewell_.reset();
  agreement_ = Agreement(incarnation);
  leases_ = Leases(options_.lease, options_.rules);
  not_granted_until_.clear();
  primaries_.clear();
  broken_pairs_.clear();
  dead_in_time_.clear();
  accepted_at_.reset();
  excluded_ = false;
  progress_ = {};
  effects_.outgoing.clear();
  send_hello(now);
}

Effects Membership::take_effects() { return std::exchange(effects_, {}); }

// Time.

void Membership::tick(Time now) {
  ++inputs_;
  if (left_) return;
  if (now >= next_heartbeat_) {
    // While this member itself was held up it could hear nobody: that was not the others' silence.
    // And it is slow to accuse for a while: what held it up may do so again.
    const Duration late = now - next_heartbeat_;
    if (late >= options_.heartbeat_interval) {
      for (auto& [name, peer] : peers_) {
        if (peer.heard_at) *peer.heard_at += late;
        if (peer.broken_since) *peer.broken_since += late;
      }
      for (auto& [pair, since] : broken_pairs_) since += late;
      woke_at_ = now;
      patience_ = std::min(2 * patience_, 4);
      patient_until_ = now + kLongSilence * options_.heartbeat_interval;
    } else if (patient_until_ && now >= *patient_until_) {
      patience_ = 1;
      patient_until_.reset();
    }
    next_heartbeat_ = now + options_.heartbeat_interval;
    std::erase_if(peers_, [&](const auto& entry) {
      const std::string& name = entry.first;
      const Peer& peer = entry.second;
      const bool known = (roles_ && roles_->view().find(name)) ||
                         std::any_of(options_.known.begin(), options_.known.end(),
                                     [&](const PeerAddress& other) { return other.name == name; });
      const bool forgotten = !known && peer.heard_at && now - *peer.heard_at >= kForgetPeer;
      if (forgotten) ++peers_version_;
      return forgotten;
    });
    send_hello(now);
    next_step_ = now;
  }
  if (next_step_ && *next_step_ <= now) step(now);
}

std::optional<Time> Membership::next_deadline() const {
  if (left_) return std::nullopt;
  return next_step_ ? std::min(*next_step_, next_heartbeat_) : next_heartbeat_;
}

void Membership::step(Time now) {
  next_step_.reset();
  if (left_ || excluded_) return;
  if (farewell_) return depart(now);
  if (!roles_) {
    found(now);
    return;
  }
  const auto refused = not_granted_until_.find(incarnation_);
  const bool to_be_dropped = refused != not_granted_until_.end() && now < refused->second;
  const bool bound = paxos_->has_accepted() && options_.rules.keep(Rule::kNoGrantAfterAccept);
  if (!bound && !to_be_dropped) {
    leases_.grant(now, incarnation_);
    leases_.granted(incarnation_, now);
  }
  watch(now);
  plan(now);
  if (roles_ && !excluded_ && !left_) recover(now);
}

// Words from others.

void Membership::receive(Time now, const std::string& from, Incarnation incarnation,
                         std::uint64_t generation, std::uint64_t epoch, const Message& message) {
  ++inputs_;
  if (left_ || from == options_.self) return;
  if (!peers_.contains(from) && peers_.size() >= kPeersMax) return;
  // Held up, and the timers come after the messages.
  if (now - next_heartbeat_ >= options_.heartbeat_interval) woke_at_ = now;
  if (!note_incarnation(now, from, incarnation, message)) return;
  Peer& peer = peers_[from];
  const auto* hello = std::get_if<Hello>(&message);
  if (peer.gone_at && hello && answers_since(*hello, *peer.gone_at)) peer.gone_at.reset();
  peer.heard_at = now;
  peer.message_view = {generation, epoch};
  // Messages may overtake each other; what an incarnation has installed only grows.
  std::tie(peer.generation, peer.epoch) =
      std::max(std::pair(peer.generation, peer.epoch), std::pair(generation, epoch));
  const bool of_any_view =
      std::holds_alternative<Hello>(message) || std::holds_alternative<Decide>(message) ||
      std::holds_alternative<ViewRequest>(message) ||
      (std::holds_alternative<Grant>(message) && !options_.rules.keep(Rule::kGrantsOfThisEpoch));
  if (!of_any_view &&
      std::pair(generation, epoch) != std::pair(this->generation(), this->epoch())) {
    // A decision on a view that is history, or not yet here.
    if (roles_) tell_view(now, from);
    return;
  }
  std::visit([&](const auto& body) { on(now, from, body); }, message);
}

// Prepare, Promise and Refuse.
template <typename PaxosMessage>
void Membership::on(Time now, const std::string& from, const PaxosMessage& message) {
  if constexpr (std::is_same_v<PaxosMessage, Refuse>) {
    if (!roles_ && message.ballot.proposer == peers_[from].incarnation) {
      agreement_.forget(message.ballot);
    }
  }
  if (!roles_) return;
  const Peer& peer = peers_[from];
  if (!find(roles_->view(), peer.incarnation) || agreement_.accepted()) return;
  if constexpr (std::is_same_v<PaxosMessage, Promise>) {
    if (paxos_->is_proposing() && !revise(now)) paxos_->give_up();
  }
  paxos_->receive(peer.incarnation, message);
  flush_paxos();
  next_step_ = now;
}

void Membership::discovered(Time now, const std::vector<PeerAddress>& members) {
  ++inputs_;
  for (const PeerAddress& member : members) {
    if (member.name.empty() || member.name == options_.self) continue;
    const bool known = peers_.contains(member.name);
    if (!known && peers_.size() >= kPeersMax) continue;
    Peer& peer = peers_[member.name];
    // What a member says of itself is better than what others say.
    if (peer.hello || peer.address == member.address) continue;
    peer.address = member.address;
    if (!known) peer.heard_at.reset();
    ++peers_version_;
  }
  (void)now;
}

void Membership::gone(Time now, const std::string& name, Incarnation incarnation) {
  ++inputs_;
  const auto found = peers_.find(name);
  if (found == peers_.end() || found->second.gone_at) return;
  if (found->second.incarnation != incarnation) return;
  Peer& peer = found->second;
  peer.gone_at = now;
  if (roles_) {
    const Member* member = roles_->view().find(name);
    if (member && Incarnation{member->incarnation} == peer.incarnation &&
        now < leases_.granted_until(peer.incarnation)) {
      dead_in_time_.insert(peer.incarnation);
    }
  }
  send_hello(now + Duration(1));
  next_step_ = now;
}

// Who is alive.

bool Membership::has_quorum(Time now) const {
  return is_quorum(roles_->view(), [&](const Member& member) {
    const Incarnation incarnation{member.incarnation};
    if (incarnation == incarnation_) return true;
    const Peer* peer = peer_of(incarnation);
    return peer && connected(now, *peer);
  });
}

bool Membership::confirmed() const {
  return roles_ && std::all_of(roles_->view().members.begin(), roles_->view().members.end(),
                               [&](const Member& member) {
                                 const Incarnation incarnation{member.incarnation};
                                 if (incarnation == incarnation_) return true;
                                 const Peer* peer = peer_of(incarnation);
                                 return peer && std::pair(peer->generation, peer->epoch) >=
                                                    std::pair(generation(), epoch());
                               });
}

Time Membership::lease_until() const {
  return roles_ ? leases_.held_until(roles_->view()) : Time::min();
}

void Membership::leave(Time now) {
  ++inputs_;
  if (leaving_) return;
  leaving_ = true;
  if (!roles_) {
    left_ = true;
    return;
  }
  send_hello(now);
  next_step_ = now;
}

bool Membership::recover_now(Time now) {
  ++inputs_;
  if (roles_ ? has_quorum(now) : !knows_cluster(now)) return false;
  forced_ = true;
  next_step_ = now;
  return true;
}

void Membership::acknowledge_losses(Time now) {
  ++inputs_;
  acknowledges_ = true;
  next_step_ = now;
}

void Membership::report(Time now, std::uint64_t settled, MemoryLevel memory_level,
                        Progress progress) {
  settled_ = settled;
  memory_level_ = memory_level;
  if (progress == progress_) return;
  const bool milestone = (progress.repairs_left == 0) != (progress_.repairs_left == 0) ||
                         (progress.segments_left == 0) != (progress_.segments_left == 0) ||
                         (progress.calls_left == 0) != (progress_.calls_left == 0);
  progress_ = progress;
  if (!milestone) return;
  ++inputs_;
  send_hello(now);
  next_step_ = now;
}

Progress Membership::progress_of_all() const {
  Progress all = progress_;
  if (!roles_) return all;
  for (const Member& member : roles_->view().members) {
    if (Incarnation{member.incarnation} == incarnation_) continue;
    const Peer* peer = peer_of({member.incarnation});
    const bool known = peer && level_hello(*peer);
    const Progress theirs = known ? peer->hello->progress : Progress{1, 1};
    all.repairs_left = std::max(all.repairs_left, theirs.repairs_left);
    all.segments_left = std::max(all.segments_left, theirs.segments_left);
  }
  return all;
}

std::vector<PeerAddress> Membership::peers() const {
  std::vector<PeerAddress> addresses;
  for (const auto& [name, peer] : peers_) {
    if (!peer.address.empty()) addresses.push_back({name, peer.address});
  }
  return addresses;
}

std::string Membership::waiting_for(Time now) const {
  if (left_) return "this member has left the cluster";
  std::string silent;
  const auto add = [](std::string& list, const std::string& name) {
    list += (list.empty() ? "" : ", ") + name;
  };
  if (roles_) {
    if (has_quorum(now)) {
      if (lease_until() > now || !primaries_.contains(incarnation_)) return "ready";
      return "waiting for a lease from the other members";
    }
    std::string unproved;
    for (const Member& member : roles_->view().members) {
      const Incarnation incarnation{member.incarnation};
      const Peer* peer = peer_of(incarnation);
      if (incarnation == incarnation_ || (peer && connected(now, *peer))) continue;
      add(silent, member.name);
      if (is_superseded(member) && !proves_death(member)) add(unproved, member.name);
    }
    std::string words =
        "the majority of view " + std::to_string(epoch()) + " is lost; missing: " + silent;
    if (!unproved.empty()) {
      words += "; " + unproved +
               " came back, but may have gone on alone before: an operator must decide (recover)";
    }
    return words;
  }
  bool view_runs = false;
  for (const auto& [name, peer] : peers_) {
    if (!peer.disagreement.empty()) return peer.disagreement;
    view_runs = view_runs || peer.epoch != 0;
    if (!peer.heard_at) add(silent, name);
  }
  if (view_runs) {
    return connected_count(now) > 0 || !knows_cluster(now)
               ? "waiting to be admitted to the view"
               : "waiting for the members of the view, which are silent";
  }
  if (!silent.empty()) return "waiting for the first word from " + silent;
  const std::size_t heard = connected_count(now) + 1;
  if (heard < options_.bootstrap_expect) {
    return "waiting for " + std::to_string(options_.bootstrap_expect) + " members, " +
           std::to_string(heard) + " are here";
  }
  return "waiting for all members to accept the first view";
}

// Sending.

void Membership::send_hello(Time now) {
  for (const auto& [name, peer] : peers_) send_hello(now, name);
}

void Membership::send_hello(Time now, const std::string& to) {
  std::vector<Incarnation> heard;
  for (const auto& [name, peer] : peers_) {
    if (hears(now, peer)) heard.push_back(peer.incarnation);
  }
  send(to, Hello{.cluster = options_.cluster,
                 .name = options_.self,
                 .address = options_.address,
                 .capacity = options_.capacity,
                 .zone = options_.zone,
                 .segments = options_.segments,
                 .copies = options_.copies,
                 .lease = options_.lease,
                 .wire_version_min = options_.wire_version_min,
                 .wire_version_max = options_.wire_version_max,
                 .settled = settled_,
                 .memory_level = memory_level_,
                 .leaving = leaving_,
                 .bootstrap_expect = options_.bootstrap_expect,
                 .stamp = stamp_of(now),
                 .echo = peers_[to].last_stamp.first,
                 .echo_of = peers_[to].last_stamp.second,
                 .uptime = now - started_at_,
                 .hears = std::move(heard),
                 .progress = progress_,
                 .may_recover = roles_ && may_recover(now)});
}

void Membership::tell(Time now, const std::string& name) {
  ++inputs_;
  if (roles_ && peers_.contains(name)) tell_view(now, name);
}

void Membership::tell_view(Time now, const std::string& to) {
  Peer& peer = peers_[to];
  if (std::pair(peer.generation, peer.epoch) >= std::pair(generation(), epoch())) return;
  if (may_tell(now, peer)) send(to, Decide{roles_->layout()});
}

// Whether our view was not sent to it just now; it will be.
bool Membership::may_tell(Time now, Peer& peer) const {
  if (peer.told_epoch == epoch() && now - peer.told_at < kTellAgain) return false;
  peer.told_epoch = epoch();
  peer.told_at = now;
  return true;
}

void Membership::send(std::string to, Message message) {
  effects_.outgoing.push_back({std::move(to), generation(), epoch(), std::move(message)});
}

void Membership::send(Incarnation to, Message message) {
  if (const Member* member = find(roles_->view(), to)) send(member->name, std::move(message));
}

void Membership::notice(Notice::Level level, std::string words) {
  effects_.notices.push_back({level, std::move(words)});
}

}  // namespace sojourn::membership
