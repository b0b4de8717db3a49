#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/notice.h"
#include "base/time.h"
#include "membership/messages.h"
#include "sojourn/view.h"

namespace sojourn::membership {

struct MembershipOptions {
  std::string cluster = {};
  // This member's name; one of `members`.
  std::string self = {};
  // The fixed list, ordered by name; incarnations are not known yet and zero.
  std::vector<Member> members = {};
  std::uint32_t segments = 4096;
  std::uint32_t copies = 2;
  std::uint32_t wire_version_min = 1;
  std::uint32_t wire_version_max = 1;
  Duration heartbeat_interval = std::chrono::milliseconds(200);
  // A member that says nothing for so long does not count as connected.
  Duration silence = std::chrono::seconds(1);
};

using Message = std::variant<Hello, Propose, Accept, Decide, ViewRequest>;

struct Outgoing {
  std::string to = {};
  Message message = {};
};

struct Effects {
  std::vector<Outgoing> outgoing = {};
  std::vector<Notice> notices = {};
};

// Brings a fixed list of members to one first view, and keeps track of who is heard from.
//
// View 1 lists every member of the list with its incarnation. The member with the lowest name
// proposes it once it has heard from all; it is decided when all of them accepted it. A member
// installs only the decided view that it accepted last, and accepts nothing after that; proposals
// are ordered by ballot, and those of a proposer that restarted are void. So of two views that
// share a living member at most one is ever installed. A restarted process is a new incarnation: it
// is in no view until all members of the view before have restarted too, and so a member that has
// forgotten its sessions never answers for them. (Views that change while members run replace this
// rule; everybody else only sees numbered views.)
//
// An engine: no clock, thread or socket; not safe from several threads.
class Membership {
 public:
  Membership(MembershipOptions options, Incarnation incarnation);

  void start(Time now);

  // `from` is the sender's name as the transport identified it; `epoch` is the epoch it has
  // installed.
  void receive(Time now, const std::string& from, Incarnation incarnation, std::uint64_t epoch,
               const Message& message);

  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // What must be done now; emptied by the call.
  Effects take_effects();

  // What the next Hello says beside the configuration.
  void set_hello(std::uint64_t settled, bool memory_full);

  // The installed view, or null before the first.
  const std::shared_ptr<const View>& view() const { return view_; }
  std::uint64_t epoch() const { return view_ ? view_->epoch : 0; }
  std::uint64_t generation() const { return view_ ? view_->generation : 0; }

  // Whether the member said something within the silence limit.
  bool connected(Time now, const std::string& name) const;
  std::size_t connected_count(Time now) const;

  // What the first view waits for, in words; "ready" when there is one.
  std::string waiting_for() const;

 private:
  struct Peer {
    Incarnation incarnation = {};
    // Incarnations of this name that a newer one replaced: what is still under way from them, and
    // any view that lists them, is dead.
    std::set<Incarnation> superseded = {};
    std::optional<Time> heard_at = {};
    std::uint64_t epoch = 0;
    // What is wrong with its configuration; empty if it agrees with ours.
    std::string disagreement = {};
  };

  struct Proposal {
    std::uint64_t ballot = 0;
    View view = {};
    std::set<std::string> accepted = {};
  };

  struct Accepted {
    Incarnation proposer = {};
    std::uint64_t ballot = 0;
    View view = {};
  };

  void on(Time now, const std::string& from, const Hello& hello);
  void on(Time now, const std::string& from, const Propose& propose);
  void on(Time now, const std::string& from, const Accept& accept);
  void on(Time now, const std::string& from, const Decide& decide);
  void on(Time now, const std::string& from, const ViewRequest& request);

  bool note_incarnation(const std::string& from, Incarnation incarnation);
  std::string disagreement(const std::string& from, const Hello& hello) const;
  bool lists_whom_we_hear(const View& view) const;
  bool matches_configuration(const View& view) const;
  bool is_proposer() const { return options_.members.front().name == options_.self; }
  void propose_if_possible();
  void send_proposal();
  void install(const View& view);
  void send(std::string to, Message message);
  void send_hello();

  const MembershipOptions options_;
  const Incarnation incarnation_;
  const std::uint64_t members_hash_;
  std::map<std::string, Peer> peers_;  // the others, by name
  std::shared_ptr<const View> view_;
  std::optional<Proposal> proposal_;  // ours
  std::optional<Accepted> accepted_;  // the newest we accepted
  // A decided view that holds this name under another incarnation.
  bool shut_out_ = false;
  Time next_heartbeat_ = {};
  std::uint64_t settled_ = 0;
  bool memory_full_ = false;
  Effects effects_;
};

}  // namespace sojourn::membership
