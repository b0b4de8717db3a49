#include "membership/membership.h"

#include <algorithm>
#include <tuple>

#include "membership/quorum.h"

namespace sojourn::membership {
namespace {

// Of heartbeats: after how many without a word a member is not heard any more, and after how many a
// single report is believed.
constexpr int kSilence = 5;
constexpr int kLongSilence = 3 * kSilence;

// How often those that have not answered a proposal are asked again.
constexpr Duration kAskAgain = std::chrono::milliseconds(25);
// After how long a proposal that has come to nothing is planned anew, in leases.
constexpr int kProposalLeases = 3;
// A member that accepted a layout and heard no decision proposes it itself, the oldest first.
constexpr Duration kTakeover = std::chrono::milliseconds(400);
constexpr Duration kTakeoverRank = std::chrono::milliseconds(150);
// A member that does not hear us is answered at most so often.
constexpr Duration kAnswerAgain = std::chrono::milliseconds(20);
// A view is sent to a member that is behind at most so often.
constexpr Duration kTellAgain = std::chrono::milliseconds(150);

constexpr std::size_t kPeersMax = 1024;
constexpr Duration kForgetPeer = std::chrono::minutes(10);

std::uint64_t stamp_of(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
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

Time time_of(std::uint64_t stamp) { return Time(Duration(static_cast<std::int64_t>(stamp))); }

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

// The first view.

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

// Further views.

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

void Membership::install(Time now, const ring::Layout& layout) {
  const std::set<std::string> before = [&] {
    std::set<std::string> names;
    if (roles_) {
      for (const Member& member : roles_->view().members) names.insert(member.name);
    }
    return names;
  }();
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
  // Everybody hears of it: those that were in the view before as well.
  for (const Member& member : view.members) {
    if (member.name != options_.self) tell_view(now, member.name);
  }
  send_hello(now);
  next_step_ = now;
}

// A majority that is lost.

bool Membership::proves_death(Time /*now*/, const Member& member) const {
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
                                                  proves_death(now, member);
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

// What an operator or the node wants.

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

void Membership::report(Time now, std::uint64_t settled, bool memory_full, Progress progress) {
  settled_ = settled;
  memory_full_ = memory_full;
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
      if (is_superseded(member) && !proves_death(now, member)) add(unproved, member.name);
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
                 .memory_full = memory_full_,
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
