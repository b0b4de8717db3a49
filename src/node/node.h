#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/status/status.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/due_queue.h"
#include "base/ids.h"
#include "base/notice.h"
#include "base/random.h"
#include "base/spare_nodes.h"
#include "base/time.h"
#include "membership/membership.h"
#include "node/arbiter.h"
#include "node/inquiries.h"
#include "node/messages.h"
#include "replication/plane.h"
#include "ring/roles.h"
#include "sojourn/view.h"

namespace sojourn::node {

struct NodeOptions {
  membership::MembershipOptions membership = {};
  replication::PlaneOptions plane = {};
  // Calls of this member that may be unfinished at one time.
  std::size_t calls_in_flight_max = 65536;
  // After how long an unanswered request is sent again.
  Duration resend_interval = std::chrono::milliseconds(100);
  // Requests of others that may wait here for a segment to be served.
  std::size_t requests_waiting_max = 65536;
  // Whether the id of a new session is drawn until this member owns it.
  bool place_locally = true;
  // How many sessions a subject may have, and what happens beyond; the same on all members.
  std::uint32_t sessions_per_subject = 0;
  WhenFull when_full = WhenFull::kRefuseNew;
};

// A call of this member ended. Reported exactly once for every number that call() gave.
struct Finished {
  std::uint64_t number = 0;
  replication::Verb verb = replication::Verb::kGet;
  // True when another member answered.
  bool remote = false;
  // The owner that was asked last; empty if it was this member, or nobody. And how many different
  // ones were, one after the other: more than one if the owner went meanwhile.
  std::string owner = {};
  int owners = 0;
  replication::Result result = {};
};

// Another layout was installed here: who is a member, and whose segments are whose.
struct ViewChange {
  // Null if this process had none before.
  std::shared_ptr<const ring::Roles> before = {};
  std::shared_ptr<const ring::Roles> after = {};
};

// What subscribers are told.
using Event = std::variant<replication::Plane::Offered, ViewChange>;

// What the caller of the node must do now.
struct Effects {
  std::vector<Outgoing> outgoing = {};
  std::vector<Finished> finished = {};
  // Reported exactly once for every number that ask() gave.
  std::vector<Inquiries::Answered> answered = {};
  std::vector<Event> events = {};
  std::vector<Notice> notices = {};
  // The member was excluded, has forgotten everything and goes on as this incarnation.
  std::optional<Incarnation> reborn_as = {};

  bool empty() const {
    return outgoing.empty() && finished.empty() && answered.empty() && events.empty() &&
           notices.empty() && !reborn_as;
  }
  void clear() {
    outgoing.clear();
    finished.clear();
    answered.clear();
    events.clear();
    notices.clear();
    reborn_as.reset();
  }
};

// One member: membership and replication composed, and the calls of this member's own users. An
// engine: it knows no clock, thread or socket. All members of a simulation and of production run
// this class.
//
// Inputs and take_effects() must be called one at a time (the runtime's serial executor), and
// effects taken after every input, or a few of them that came together; read_local() may be called
// from any thread at any time.
class Node {
 public:
  // `random` draws session ids, so in production it must be cryptographically strong; it must
  // outlive the node. Incarnation must be non-zero and new for each start.
  Node(NodeOptions options, Incarnation incarnation, Random& random);
  ~Node();

  // Inputs. Times must not go back.

  void start(Time now);

  // What is received next: it may then wait for memory together, and not one after the other.
  void prefetch(std::span<const Envelope> envelopes) const;
  // A message from the member of that name, as the transport identified it.
  void receive(Time now, const std::string& from, const Envelope& envelope);

  // A message to `to` could not be queued, for this reason: it will not arrive. kResourceExhausted,
  // for a full queue, ends a call at once; anything else is tried again until its time is up.
  void undeliverable(Time now, const std::string& to, const Message& message,
                     const absl::Status& reason);

  // Starts an operation of this member's user and returns its number; Finished reports it, at the
  // latest when tick() is called at the end of its time. For kCreate an empty id is drawn here.
  std::uint64_t call(Time now, replication::Operation&& operation, Duration timeout);

  // Starts a question of this member's user about all sessions of a subject or label, and returns
  // its number: Effects::answered reports it, at the latest when tick() is called at the end of its
  // time.
  std::uint64_t ask(Time now, replication::Question question, Duration timeout);

  // Members may be reached there.
  void discovered(Time now, const std::vector<membership::PeerAddress>& members);
  // The process of the member of that name, as that incarnation, is gone.
  void gone(Time now, const std::string& name, Incarnation incarnation);

  // Whether this member has subscribers: without, there are no events. And one that was offered has
  // been delivered to them, or they know that they missed it.
  void listen(bool listening);
  void delivered(SegmentId segment, Version number) { plane_.delivered(segment, number); }

  // Hands over what this member holds, and leaves: see left().
  void leave(Time now);
  // An operator has taken note of all losses: what is absent is called absent again.
  void acknowledge_losses(Time now);
  // An operator orders to go on with those that are here: see Membership::recover_now().
  bool recover_now(Time now);

  void tick(Time now);

  // What follows from all inputs so far and must be done now; emptied by the call. The second puts
  // it in the place of what was in `effects`, whose room is used again.
  Effects take_effects(Time now);
  void take_effects(Time now, Effects& effects);

  // When tick() is next due.
  std::optional<Time> next_deadline() const;

  // State.

  Incarnation incarnation() const { return incarnation_; }
  // Whether this member is in a view, under a lease, and serves all segments whose primary it is.
  bool ready(Time now) const;
  // Why it is not ready, in words; "ready" if it is.
  std::string waiting_for(Time now) const;
  // Whether this member may stop: all segments have their copies.
  bool safe(Time now) const { return unsafe_because(now).empty(); }
  // Why not, in words; empty if it may.
  std::string unsafe_because(Time now) const;
  bool leaving() const { return membership_.leaving(); }
  bool left() const { return membership_.left(); }
  // What was not handed over yet, in words.
  std::string not_handed_over() const;

  // Who is what in the installed view; null before the first.
  const std::shared_ptr<const ring::Roles>& roles() const { return roles_; }
  std::shared_ptr<const View> view() const {
    return roles_ ? std::shared_ptr<const View>(roles_, &roles_->view()) : nullptr;
  }
  const membership::Membership& membership() const { return membership_; }
  // Segments whose loss nobody has acknowledged.
  std::size_t segments_lost() const;
  // Segments that this member holds for another primary.
  std::size_t segments_backup() const;
  std::size_t calls_in_flight() const {
    return calls_.size() - endings_.size() + inquiries_.open();
  }
  const Inquiries& inquiries() const { return inquiries_; }
  const Arbiter& arbiter() const { return arbiter_; }
  std::uint64_t expired() const { return plane_.expired(); }
  std::uint64_t companions_expired() const { return plane_.companions_expired(); }
  std::uint64_t requests_served() const { return requests_served_; }
  std::size_t connected_count(Time now) const { return membership_.connected_count(now); }

  // Safe from any thread:

  // Answers a get if this member serves the session's segment: see replication::Plane::read().
  template <typename Clock>
  std::optional<replication::Result> read_local(const table::Key& id, bool touch,
                                                Clock clock) const {
    return plane_.read(id, touch, clock);
  }

  // The common case of it: see replication::Plane::glimpse().
  template <typename Clock>
  [[gnu::always_inline]] table::Table::Glimpse glimpse(const table::Key& id, bool touch,
                                                       Clock clock) const {
    return plane_.glimpse(id, touch, clock);
  }

  // Answers lookups of another member, or declines. Those whose time is up get no answer.
  template <typename Clock>
  std::vector<replication::Found> look_up(std::span<const replication::Lookup> lookups,
                                          Clock clock) const {
    constexpr std::size_t kAtOnce = 32;
    std::vector<replication::Found> found;
    found.reserve(lookups.size());
    absl::InlinedVector<table::Key, kAtOnce> keys;
    for (std::size_t begin = 0; begin < lookups.size(); begin += keys.size()) {
      keys.clear();
      for (const auto& lookup : lookups.subspan(begin, std::min(kAtOnce, lookups.size() - begin))) {
        keys.emplace_back(lookup.id);
      }
      if (keys.size() > 1) plane_.table().prefetch(keys);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const replication::Lookup& lookup = lookups[begin + i];
        if (lookup.time_left > Duration::zero()) found.push_back(look_up(lookup, keys[i], clock));
      }
    }
    return found;
  }

  const replication::Plane& plane() const { return plane_; }

 private:
  template <typename Clock>
  replication::Found look_up(const replication::Lookup& lookup, const table::Key& key,
                             Clock clock) const {
    std::optional<replication::Result> result = plane_.read(key, lookup.touch, clock);
    if (!result) return {.number = lookup.number, .declined = true};
    if (!lookup.wants_record) result->record = {};
    return {.number = lookup.number, .result = *std::move(result)};
  }

  // A call of this member's user.
  struct Call {
    replication::Operation operation = {};
    replication::Verb verb = replication::Verb::kGet;
    Time deadline = {};
    // When it must be looked at: to be sent again, or to end.
    Time wake_at = {};
    // How often it was handed to an owner: if never, nothing can have happened.
    int sends = 0;
    // How often another owner was asked than before.
    int owners = 0;
    // The owner that was asked; empty when it is this member, or nobody yet.
    std::string remote_owner = {};
  };
  // A request of another member that cannot be answered yet.
  struct Parked {
    std::string from = {};
    Incarnation caller = {};
    replication::Request request = {};
    Time deadline = {};
  };

  void dispatch(Time now, std::uint64_t number, Call& call);
  void finish(std::uint64_t number, replication::Result result);
  void end_of_time(Time now, std::uint64_t number, const Call& call);
  Call& begin(std::uint64_t number, replication::Operation&& operation, Time deadline);
  void schedule(std::uint64_t number, Call& call, Time next_send);
  void forget_timers();
  bool is_due_at(std::uint64_t number, Time at) const;
  std::string draw_id();
  void on_membership(Time now, const std::string& from, const Envelope& envelope,
                     const membership::Message& message);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Request& request);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Reply& reply);
  template <typename PlaneMessage>
  void on(Time now, const std::string& from, const Envelope& envelope, const PlaneMessage& message);
  bool in_view(Time now, const std::string& from, const Envelope& envelope);
  void serve(Time now, Parked parked);
  // See node_inquiries.cc.
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Gather& gather);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Gathered& gathered);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Apply& apply);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Verdict& verdict);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::VerdictAck& ack);
  std::uint64_t halt(const replication::Key& key);
  void collect_inquiries(Time now);
  bool pass_on_inquiries(Time now);
  bool pass_on_arbiter(Time now);
  std::optional<MemberIndex> arbiter_of(const replication::Key& key) const;
  void apply(const replication::Key& key);
  bool is_self(MemberIndex member) const;
  void end_for_limit(Time now, const replication::Key& key, std::string id);
  bool ended_for_limit(std::uint64_t number);
  void collect(Time now);
  void collect_membership(Time now);
  void collect_plane(Time now);
  void install_view(Time now);
  void restart(Time now);
  void dispatch_all(Time now, const std::vector<std::uint64_t>& numbers);
  void try_again(Time now);
  // Under the view that the plane works with: membership may know a newer one already.
  template <typename Body>
  void send(std::string_view to, Body&& body) {
    const std::uint64_t generation = roles_ ? roles_->view().generation : 0;
    const std::uint64_t epoch = roles_ ? roles_->view().epoch : 0;
    send(to, generation, epoch, std::forward<Body>(body));
  }
  // Made where it stands: messages are large, and moving them about costs more than making them.
  template <typename Body>
  void send(std::string_view to, std::uint64_t generation, std::uint64_t epoch, Body&& body) {
    Outgoing& outgoing = effects_.outgoing.emplace_back();
    outgoing.to = to;
    outgoing.envelope.cluster = cluster_;
    outgoing.envelope.generation = generation;
    outgoing.envelope.epoch = epoch;
    outgoing.envelope.from = incarnation_;
    outgoing.envelope.message.emplace<std::decay_t<Body>>(std::forward<Body>(body));
  }
  std::optional<MemberIndex> index_of(const std::string& name) const;
  const Member* member_of(Incarnation incarnation) const;
  std::uint64_t settled() const;
  std::uint32_t calls_left() const;
  OperationId operation_id(std::uint64_t number) const { return {incarnation_, number}; }

  const NodeOptions options_;
  Incarnation incarnation_;
  const std::uint64_t cluster_;
  Random& random_;
  membership::Membership membership_;
  replication::Plane plane_;
  // The inputs of the membership whose effects have been taken.
  std::uint64_t collected_ = 0;
  std::shared_ptr<const ring::Roles> roles_;
  // Others hold everything that this member held, which leaves: it takes no new calls, so that it
  // can go when the last has ended.
  bool closing_ = false;
  // Members that are known to have installed the view.
  std::set<std::string> level_;
  // Unfinished calls by number, and by when they must be looked at.
  std::map<std::uint64_t, Call> calls_;
  SpareNodes<std::map<std::uint64_t, Call>> spare_calls_;
  DueQueue<std::uint64_t> timers_;
  // Calls and requests that wait for this member to serve their segment.
  std::set<std::uint64_t> waiting_here_;
  std::deque<Parked> parked_;
  // Calls of the arbiter's own, which end the oldest session of a subject.
  std::map<std::uint64_t, replication::Key> endings_;
  Inquiries inquiries_;
  Arbiter arbiter_;
  std::uint64_t next_number_ = 1;
  std::uint64_t requests_served_ = 0;
  bool listening_ = false;
  Effects effects_;
  // Those of the plane that are being passed on.
  replication::Plane::Effects plane_effects_;
};

}  // namespace sojourn::node
