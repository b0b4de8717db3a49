#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/notice.h"
#include "base/random.h"
#include "base/time.h"
#include "membership/membership.h"
#include "node/messages.h"
#include "replication/plane.h"
#include "ring/placement.h"
#include "sojourn/view.h"

namespace sojourn::node {

struct NodeOptions {
  membership::MembershipOptions membership = {};
  replication::PlaneOptions plane = {};
  // Calls of this member that may be unfinished at one time.
  std::size_t calls_in_flight_max = 65536;
  // After how long an unanswered request is sent again.
  Duration resend_interval = std::chrono::milliseconds(100);
  // Whether the id of a new session is drawn until this member owns it.
  bool place_locally = true;
};

// A call of this member ended. Reported exactly once for every number that call() gave.
struct Finished {
  std::uint64_t number = 0;
  replication::Verb verb = replication::Verb::kGet;
  // True when another member answered.
  bool remote = false;
  replication::Result result = {};
};

// What the caller of the node must do now.
struct Effects {
  std::vector<Outgoing> outgoing = {};
  std::vector<Finished> finished = {};
  std::vector<Notice> notices = {};

  bool empty() const { return outgoing.empty() && finished.empty() && notices.empty(); }
};

// One member: membership and replication composed, and the calls of this member's own users. An
// engine: it knows no clock, thread or socket. All members of a simulation and of production run
// this class.
//
// Inputs and take_effects() must be called one at a time (the runtime's serial executor), and
// effects taken after every input; read_local() may be called from any thread at any time.
class Node {
 public:
  // `random` draws session ids, so in production it must be cryptographically strong; it must
  // outlive the node. Incarnation must be non-zero and new for each start.
  Node(NodeOptions options, Incarnation incarnation, Random& random);
  ~Node();

  // Inputs. Times must not go back.

  void start(Time now);

  // A message from the member of that name, as the transport identified it.
  void receive(Time now, const std::string& from, const Envelope& envelope);

  // A message to `to` could not be queued, for this reason: it will not arrive. kResourceExhausted,
  // for a full queue, ends a call at once; anything else is tried again until its time is up.
  void undeliverable(Time now, const std::string& to, const Message& message,
                     const absl::Status& reason);

  // Starts an operation of this member's user and returns its number; Finished reports it, at the
  // latest when tick() is called at the end of its time. For kCreate an empty id is drawn here.
  std::uint64_t call(Time now, replication::Operation operation, Duration timeout);

  void tick(Time now);

  // What must be done now; emptied by the call.
  Effects take_effects();

  // When tick() is next due.
  std::optional<Time> next_deadline() const;

  // State.

  bool ready() const { return membership_.view() != nullptr; }
  // Why it is not ready, in words.
  std::string waiting_for() const { return membership_.waiting_for(); }
  const std::shared_ptr<const View>& view() const { return membership_.view(); }
  // Who owns what in that view; null before the first.
  const std::shared_ptr<const ring::Placement>& placement() const { return placement_; }
  std::size_t calls_in_flight() const { return calls_.size(); }
  std::uint64_t expired() const { return plane_.expired(); }
  std::uint64_t requests_served() const { return requests_served_; }
  std::size_t connected_count(Time now) const { return membership_.connected_count(now); }

  // Safe from any thread:

  // Answers a get if this member serves the session's segment. `now` is a function that reads the
  // time: it is called before the table is read and again after, because the right to answer must
  // still hold then.
  template <typename Now>
  std::optional<replication::Result> read_local(std::string_view id, bool touch, Now now) const {
    return plane_.read(id, touch, now);
  }

  const replication::Plane& plane() const { return plane_; }

 private:
  // A call of this member's user.
  struct Call {
    replication::Operation operation = {};
    replication::Verb verb = replication::Verb::kGet;
    Time deadline = {};
    // When it must be looked at: to be sent again, or to end.
    Time wake_at = {};
    // How often it was handed to an owner: if never, nothing can have happened.
    int sends = 0;
    // The owner that was asked; empty when it is this member, or nobody yet.
    std::string remote_owner = {};
  };

  void dispatch(Time now, std::uint64_t number, Call& call);
  void finish(std::uint64_t number, replication::Result result);
  void end_of_time(std::uint64_t number, const Call& call);
  void schedule(std::uint64_t number, Call& call, Time next_send);
  std::string draw_id();
  void on_membership(Time now, const std::string& from, const Envelope& envelope,
                     const membership::Message& message);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Request& request);
  void on(Time now, const std::string& from, const Envelope& envelope,
          const replication::Reply& reply);
  template <typename PlaneMessage>
  void on(Time now, const std::string& from, const Envelope& envelope, const PlaneMessage& message);
  bool in_view(const std::string& from, const Envelope& envelope);
  void collect(Time now);
  void install_view(Time now);
  void send(std::string to, Message message);
  std::optional<MemberIndex> index_of(const std::string& name) const;
  const Member* member_of(Incarnation incarnation) const;
  std::uint64_t settled() const;
  OperationId operation_id(std::uint64_t number) const { return {incarnation_, number}; }

  const NodeOptions options_;
  const Incarnation incarnation_;
  const std::uint64_t cluster_;
  Random& random_;
  membership::Membership membership_;
  replication::Plane plane_;
  std::shared_ptr<const ring::Placement> placement_;
  // Unfinished calls by number, and by when they must be looked at.
  std::map<std::uint64_t, Call> calls_;
  std::set<std::pair<Time, std::uint64_t>> timers_;
  std::uint64_t next_number_ = 1;
  std::uint64_t requests_served_ = 0;
  Effects effects_;
};

}  // namespace sojourn::node
