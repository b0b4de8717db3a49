#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/notice.h"
#include "base/rules.h"
#include "base/time.h"
#include "membership/agreement.h"
#include "membership/leases.h"
#include "membership/messages.h"
#include "membership/paxos.h"
#include "membership/plan.h"
#include "ring/roles.h"

namespace sojourn::membership {

// Another member, as far as it has been heard of.
struct PeerAddress {
  std::string name = {};
  std::string address = {};

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

struct MembershipOptions {
  std::string cluster = {};
  // This member.
  std::string self = {};
  std::string address = {};
  std::uint32_t capacity = 1;
  std::string zone = {};
  // Members that are known from the start; more are discovered.
  std::vector<PeerAddress> known = {};
  // How many members must hear each other before the first view.
  std::uint32_t bootstrap_expect = 1;
  std::uint32_t segments = 4096;
  std::uint32_t copies = 2;
  std::uint32_t wire_version_min = 1;
  std::uint32_t wire_version_max = 1;
  Duration heartbeat_interval = std::chrono::milliseconds(200);
  Duration lease = std::chrono::seconds(1);
  // Whether a cluster that lost its majority begins again by itself once all names are back and
  // nothing can be missing; otherwise an operator must say so.
  bool recover_automatically = true;
  Rules rules = {};
};

using Message =
    std::variant<Hello, Grant, Prepare, Promise, Propose, Accept, Refuse, Decide, ViewRequest>;

struct Outgoing {
  std::string to = {};
  // Of the view under which it was said.
  std::uint64_t generation = 0;
  std::uint64_t epoch = 0;
  Message message = {};
};

struct Effects {
  std::vector<Outgoing> outgoing = {};
  std::vector<Notice> notices = {};
};

// Agrees with the other members on numbered views: who they are, and who of them holds what; finds
// out who is alive, and lends and borrows the right to answer. Rules are numbered as in
// docs/protocol.md.
//
// The first view is decided when enough members hear each other, by all of them (Agreement). Each
// further one is decided by a quorum of the members of the one before (Paxos), on the proposal of
// the oldest that is up, which plans it from what the members report (next_layout). A process that
// finds itself excluded forgets everything and comes back as a new incarnation: restart().
//
// An engine: no clock, thread or socket; not safe from several threads.
class Membership {
 public:
  Membership(MembershipOptions options, Incarnation incarnation);

  // Inputs. Times must not go back.

  void start(Time now);

  // `from` is the sender's name as the transport identified it; `generation` and `epoch` are those
  // of the layout that it has installed.
  void receive(Time now, const std::string& from, Incarnation incarnation, std::uint64_t generation,
               std::uint64_t epoch, const Message& message);

  // Members may be reached there. Nobody is forgotten for not being named.
  void discovered(Time now, const std::vector<PeerAddress>& members);

  // The process of that name and incarnation is gone: its connection has ended and its address
  // refuses.
  void gone(Time now, const std::string& name, Incarnation incarnation);

  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // What must be done now; emptied by the call.
  Effects take_effects();

  // As that incarnation, in no view, with no memory of any: after excluded().
  void restart(Time now, Incarnation incarnation);

  // This member wants to go: see left().
  void leave(Time now);

  // An operator has taken note of all losses.
  void acknowledge_losses(Time now);

  // An operator says that the members of the view that are missing will not come back as they were,
  // and that nothing newer than what is here shall count: those that are here begin a new
  // generation. Of a member in no view: that the cluster which it knows of, and which is silent,
  // will not come back. False if this member has not lost its majority, or knows of no such
  // cluster.
  bool recover_now(Time now);

  // What the next Hello says about calls, memory and transfers. News is told at once.
  void report(Time now, std::uint64_t settled, MemoryLevel memory_level, Progress progress);

  // That member was heard under an earlier view than ours: it is told.
  void tell(Time now, const std::string& name);

  // State.

  // Counts the inputs: as long as it stays, so does everything below that does not take the time.
  std::uint64_t inputs() const { return inputs_; }

  // The installed layout's roles; null before the first.
  const std::shared_ptr<const ring::Roles>& roles() const { return roles_; }
  std::uint64_t epoch() const { return roles_ ? roles_->view().epoch : 0; }
  std::uint64_t generation() const { return roles_ ? roles_->view().generation : 0; }
  Incarnation incarnation() const { return incarnation_; }

  // A later view was decided without this member, and it did not ask for that.
  bool excluded() const { return excluded_; }
  // A view was decided without this member, as it wished.
  bool left() const { return left_; }
  bool leaving() const { return leaving_; }

  // A next layout that may be decided yet, as far as this member knows; null if there is none.
  const ring::Layout* pending() const {
    if (agreement_.accepted()) return &agreement_.accepted()->layout;
    return paxos_ ? paxos_->pending() : nullptr;
  }

  // Until when this member may answer for the segments whose primary it is.
  Time lease_until() const;
  // Whether every member of the view is known to have installed it, or a later one.
  bool confirmed() const;

  // Whether the member said something lately and hears us.
  bool connected(Time now, const std::string& name) const;
  std::size_t connected_count(Time now) const;
  // Whether the member of that name is known to have installed our view.
  bool is_level(const std::string& name) const;
  // Everybody this member knows of, in the order of names.
  std::vector<PeerAddress> peers() const;
  // Counts changes of peers().
  std::uint64_t peers_version() const { return peers_version_; }
  // What the members that are up report about what they still have to receive.
  Progress progress_of_all() const;

  // Why this member cannot serve, in words; "ready" if it can.
  std::string waiting_for(Time now) const;

 private:
  struct Peer {
    std::string address = {};
    Incarnation incarnation = {};
    // Incarnations of this name that a newer one replaced: what is still under way from them is
    // dead.
    std::set<Incarnation> superseded = {};
    // Another incarnation has been heard, and since when. It counts when it answers to something
    // that was said since: messages may be late, and it may be the older of the two.
    Incarnation candidate = {};
    Time candidate_since = {};
    // The stamp of the last Hello, and which incarnation made it: either may have.
    std::pair<std::uint64_t, Incarnation> last_stamp = {};
    std::optional<Time> heard_at = {};
    // When its process was found gone. Messages of it may still be under way: it counts as heard
    // again when it answers to something that was said since.
    std::optional<Time> gone_at = {};
    // The layout that it has installed.
    std::uint64_t generation = 0;
    std::uint64_t epoch = 0;
    // Its newest Hello, and the generation and epoch under which that was said.
    std::optional<Hello> hello = {};
    std::pair<std::uint64_t, std::uint64_t> hello_view = {};
    // Those of its last message.
    std::pair<std::uint64_t, std::uint64_t> message_view = {};
    // What is wrong with its configuration; empty if it agrees with ours.
    std::string disagreement = {};
    // Since when the two of us do not hear each other.
    std::optional<Time> broken_since = {};
    // When a Hello of it was answered last, because it does not hear us.
    std::optional<Time> answered_at = {};
    // Which view was sent to it last, and when.
    std::uint64_t told_epoch = 0;
    Time told_at = {};
  };

  void on(Time now, const std::string& from, const Hello& hello);
  void on(Time now, const std::string& from, const Grant& grant);
  void on(Time now, const std::string& from, const Propose& propose);
  void on(Time now, const std::string& from, const Accept& accept);
  void on(Time now, const std::string& from, const Decide& decide);
  void on(Time now, const std::string& from, const ViewRequest& request);
  template <typename PaxosMessage>
  void on(Time now, const std::string& from, const PaxosMessage& message);

  bool answers_since(const Hello& hello, Time time) const;
  bool is_surely_here(Time now, const Peer& peer) const;
  bool note_incarnation(Time now, const std::string& from, Incarnation incarnation,
                        const Message& message);
  std::string disagreement(const std::string& from, const Hello& hello) const;
  bool hears(Time now, const Peer& peer) const;
  bool connected(Time now, const Peer& peer) const;
  const Peer* peer_of(Incarnation incarnation) const;
  // Of the installed view, by incarnation.
  const Member* self() const;
  bool is_superseded(const Member& member) const;
  bool is_level(const Peer& peer) const;
  // What it said last, if it said so under our view.
  const Hello* level_hello(const Peer& peer) const;

  bool knows_cluster(Time now) const;
  bool is_void(const Propose& propose) const;
  void ask_author(const Propose& propose);

  void step(Time now);
  void found(Time now);
  void watch(Time now);
  bool is_down(Time now, const Member& member) const;
  std::set<Incarnation> down_members(Time now) const;
  std::vector<Member> candidates(Time now, const std::set<Incarnation>& dropped) const;
  void plan(Time now);
  bool revise(Time now);
  std::optional<ring::Layout> wanted(Time now);
  bool is_planner(const std::set<Incarnation>& down) const;
  bool may_accept(Time now, const ring::Layout& layout) const;
  bool may_drop(Time now, const Member& member) const;
  bool is_primary_of_something(Incarnation member) const;
  void stop_granting(Time now, const ring::Layout& layout);
  void flush_paxos();
  void check_decided(Time now);

  bool has_quorum(Time now) const;
  bool proves_death(const Member& member) const;
  bool may_recover(Time now) const;
  void depart(Time now);
  void recover(Time now);
  ring::Layout next_generation(std::vector<Member> members) const;
  void begin_generation(Time now, ring::Layout layout, bool forced);
  std::optional<ring::Layout> recovered_layout(Time now) const;
  bool are_all_level(Time now) const;
  ring::Layout layout_of_those_here(Time now) const;
  bool are_survivors_here(Time now, const ring::Layout& layout) const;

  void install(Time now, const ring::Layout& layout);
  void send_hello(Time now);
  void send_hello(Time now, const std::string& to);
  void tell_view(Time now, const std::string& to);
  bool may_tell(Time now, Peer& peer) const;
  void send(std::string to, Message message);
  void send(Incarnation to, Message message);
  void notice(Notice::Level level, std::string words);
  void tell_losses(std::uint64_t epoch_before);

  const MembershipOptions options_;
  Incarnation incarnation_;
  Time started_at_ = {};
  std::map<std::string, Peer> peers_;  // the others, by name
  std::uint64_t peers_version_ = 1;
  std::shared_ptr<const ring::Roles> roles_;
  Agreement agreement_;
  Leases leases_;
  std::optional<Paxos> paxos_;
  // Members of the view that are to be dropped by a proposal that was heard: no more grants to them
  // until then.
  std::map<Incarnation, Time> not_granted_until_;
  // Members of the view that are the primary of some segment.
  std::set<Incarnation> primaries_;
  // Since when two members that are both connected with this one do not hear each other.
  std::map<std::pair<Incarnation, Incarnation>, Time> broken_pairs_;
  // Evidence that a member of the view died while its promise to us still stood.
  std::set<Incarnation> dead_in_time_;
  std::optional<Time> accepted_at_;
  // When those that have not answered our proposal are asked again.
  Time ask_again_at_ = {};
  bool excluded_ = false;
  bool leaving_ = false;
  // The layout without this member that was decided, because it leaves or by itself. It stays until
  // a quorum of those that stay has it: otherwise nobody might.
  std::optional<ring::Layout> farewell_;
  bool left_ = false;
  bool acknowledges_ = false;
  // An operator's order to go on with those that are here; until a view is installed.
  bool forced_ = false;
  // How much longer silence is borne, because this member itself was late.
  int patience_ = 1;
  std::optional<Time> patient_until_;
  // When this member was held up last. Who was heard before may have died meanwhile, and its last
  // words may have been found only now.
  Time woke_at_ = Time::min();
  Time next_heartbeat_ = {};
  std::optional<Time> next_step_;
  std::uint64_t inputs_ = 0;
  std::uint64_t settled_ = 0;
  MemoryLevel memory_level_ = MemoryLevel::kRoom;
  Progress progress_ = {};
  Effects effects_;
};

}  // namespace sojourn::membership
