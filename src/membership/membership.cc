#include "membership/membership.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"

namespace sojourn::membership {
namespace {

// What members must agree on about each other; addresses may be seen differently from different
// places.
std::uint64_t hash_members(const std::vector<Member>& members) {
  std::string text;
  ByteWriter writer(text);
  for (const Member& member : members) {
    writer.string(member.name);
    writer.varint(member.capacity);
    writer.string(member.zone);
  }
  return stable_hash(text);
}

}  // namespace

Membership::Membership(MembershipOptions options, Incarnation incarnation)
    : options_(std::move(options)),
      incarnation_(incarnation),
      members_hash_(hash_members(options_.members)) {
  for (const Member& member : options_.members) {
    if (member.name != options_.self) peers_[member.name];
  }
}

void Membership::start(Time now) {
  next_heartbeat_ = now;
  tick(now);
}

void Membership::tick(Time now) {
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + options_.heartbeat_interval;
  send_hello();
  propose_if_possible();
  send_proposal();
}

std::optional<Time> Membership::next_deadline() const { return next_heartbeat_; }

Effects Membership::take_effects() { return std::exchange(effects_, {}); }

void Membership::set_hello(std::uint64_t settled, bool memory_full) {
  settled_ = settled;
  memory_full_ = memory_full;
}

void Membership::receive(Time now, const std::string& from, Incarnation incarnation,
                         std::uint64_t epoch, const Message& message) {
  const auto peer = peers_.find(from);
  if (peer == peers_.end() || !note_incarnation(from, incarnation)) return;
  peer->second.heard_at = now;
  // Messages may overtake each other; an incarnation's epoch only grows.
  peer->second.epoch = std::max(peer->second.epoch, epoch);
  std::visit([&](const auto& body) { on(now, from, body); }, message);
}

// Whether the message comes from the newest incarnation of that name that is known. A new one
// replaces the old: a name is one process at a time.
bool Membership::note_incarnation(const std::string& from, Incarnation incarnation) {
  Peer& peer = peers_[from];
  if (incarnation == peer.incarnation) return true;
  if (incarnation == Incarnation{} || peer.superseded.contains(incarnation)) return false;
  if (peer.incarnation != Incarnation{}) {
    peer.superseded.insert(peer.incarnation);
    effects_.notices.push_back({Notice::Level::kWarning, "member " + from + " restarted"});
  }
  peer = {.incarnation = incarnation, .superseded = std::move(peer.superseded)};
  return true;
}

void Membership::on(Time /*now*/, const std::string& from, const Hello& hello) {
  Peer& peer = peers_[from];
  std::string disagreement = this->disagreement(from, hello);
  if (!disagreement.empty() && disagreement != peer.disagreement) {
    effects_.notices.push_back({Notice::Level::kError, disagreement});
  }
  peer.disagreement = std::move(disagreement);

  // Whoever is behind learns the view, or that it is not in it.
  if (view_ && peer.epoch < view_->epoch) send(from, Decide{*view_});
  propose_if_possible();
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
  if (hello.members_hash != members_hash_) return who + " has another list of members";
  if (hello.wire_version_min > options_.wire_version_max ||
      hello.wire_version_max < options_.wire_version_min) {
    return who + " speaks wire versions " + std::to_string(hello.wire_version_min) + " to " +
           std::to_string(hello.wire_version_max) + ", not " +
           std::to_string(options_.wire_version_min) + " to " +
           std::to_string(options_.wire_version_max);
  }
  return {};
}

void Membership::propose_if_possible() {
  if (view_ || !is_proposer()) return;
  if (proposal_ && lists_whom_we_hear(proposal_->view)) return;

  View view = {.epoch = 1,
               .generation = 1,
               .segments = options_.segments,
               .copies = options_.copies,
               .members = options_.members};
  for (Member& member : view.members) {
    if (member.name == options_.self) {
      member.incarnation = incarnation_.value;
      continue;
    }
    const Peer& peer = peers_[member.name];
    if (!peer.heard_at || peer.epoch != 0 || !peer.disagreement.empty()) return;
    member.incarnation = peer.incarnation.value;
  }
  const std::uint64_t ballot = proposal_ ? proposal_->ballot + 1 : 1;
  proposal_ = Proposal{.ballot = ballot, .view = std::move(view), .accepted = {options_.self}};
  accepted_ = Accepted{.proposer = incarnation_, .ballot = ballot, .view = proposal_->view};
  if (peers_.empty()) {
    install(View(proposal_->view));
  } else {
    send_proposal();
  }
}

void Membership::send_proposal() {
  if (view_ || !proposal_) return;
  for (const auto& [name, peer] : peers_) {
    if (!proposal_->accepted.contains(name)) {
      send(name, Propose{.ballot = proposal_->ballot, .view = proposal_->view});
    }
  }
}

void Membership::on(Time /*now*/, const std::string& from, const Propose& propose) {
  if (view_) {
    send(from, Decide{*view_});
    return;
  }
  // Only the member with the lowest name proposes, and only the list that is configured here too.
  if (from != options_.members.front().name || !matches_configuration(propose.view)) return;
  if (!lists_whom_we_hear(propose.view)) return;
  const Incarnation proposer = peers_[from].incarnation;
  if (accepted_ && accepted_->proposer == proposer && accepted_->ballot > propose.ballot) return;

  accepted_ = Accepted{.proposer = proposer, .ballot = propose.ballot, .view = propose.view};
  send(from, Accept{propose.ballot});
}

void Membership::on(Time /*now*/, const std::string& from, const Accept& accept) {
  if (view_ || !proposal_ || accept.ballot != proposal_->ballot) return;
  if (!lists_whom_we_hear(proposal_->view)) return;
  proposal_->accepted.insert(from);
  if (proposal_->accepted.size() < options_.members.size()) return;
  install(View(proposal_->view));
  for (const auto& [name, peer] : peers_) send(name, Decide{*view_});
}

void Membership::on(Time /*now*/, const std::string& /*from*/, const Decide& decide) {
  if (view_ || !matches_configuration(decide.view)) return;
  const Member* self = decide.view.find(options_.self);
  if (self->incarnation != incarnation_.value) {
    if (!std::exchange(shut_out_, true)) {
      effects_.notices.push_back({Notice::Level::kError, waiting_for()});
    }
    return;
  }
  // A decided view was accepted here. If another one was accepted since, this one is void: its
  // proposer is gone, and the members that accepted the other install nothing else.
  if (accepted_ && accepted_->view == decide.view) install(decide.view);
}

void Membership::on(Time /*now*/, const std::string& from, const ViewRequest& /*request*/) {
  if (view_) send(from, Decide{*view_});
}

// Whether the view lists exactly the processes that are heard here. Otherwise one side does not
// know yet of a restart, and will soon.
bool Membership::lists_whom_we_hear(const View& view) const {
  return std::all_of(view.members.begin(), view.members.end(), [&](const Member& member) {
    if (member.name == options_.self) return member.incarnation == incarnation_.value;
    const auto peer = peers_.find(member.name);
    return peer != peers_.end() && peer->second.heard_at &&
           peer->second.incarnation == Incarnation{member.incarnation};
  });
}

bool Membership::matches_configuration(const View& view) const {
  return view.segments == options_.segments && view.copies == options_.copies &&
         hash_members(view.members) == members_hash_;
}

void Membership::install(const View& view) {
  view_ = std::make_shared<const View>(view);
  shut_out_ = false;
  effects_.notices.push_back({Notice::Level::kInfo, "view " + std::to_string(view.epoch) + " of " +
                                                        std::to_string(view.members.size()) +
                                                        " members is installed"});
}

bool Membership::connected(Time now, const std::string& name) const {
  const auto peer = peers_.find(name);
  return peer != peers_.end() && peer->second.heard_at &&
         now - *peer->second.heard_at < options_.silence;
}

std::size_t Membership::connected_count(Time now) const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(),
                    [&](const auto& entry) { return connected(now, entry.first); }));
}

std::string Membership::waiting_for() const {
  if (view_) return "ready";
  const bool view_runs = std::any_of(peers_.begin(), peers_.end(),
                                     [](const auto& entry) { return entry.second.epoch != 0; });
  if (shut_out_ && view_runs) {
    return "member " + options_.self +
           " restarted: the view lists its earlier start, and members cannot join a running view "
           "yet; "
           "it serves again when all members have restarted";
  }
  std::string silent;
  for (const auto& [name, peer] : peers_) {
    if (!peer.disagreement.empty()) return peer.disagreement;
    if (!peer.heard_at) silent += (silent.empty() ? "" : ", ") + name;
  }
  if (!silent.empty()) return "waiting for the first word from " + silent;
  if (view_runs) return "waiting to hear the view that runs already";
  return "waiting for all members to accept the first view";
}

void Membership::send_hello() {
  for (const auto& [name, peer] : peers_) {
    send(name, Hello{.cluster = options_.cluster,
                     .name = options_.self,
                     .segments = options_.segments,
                     .copies = options_.copies,
                     .members_hash = members_hash_,
                     .wire_version_min = options_.wire_version_min,
                     .wire_version_max = options_.wire_version_max,
                     .settled = settled_,
                     .memory_full = memory_full_});
  }
}

void Membership::send(std::string to, Message message) {
  effects_.outgoing.push_back({std::move(to), std::move(message)});
}

}  // namespace sojourn::membership
