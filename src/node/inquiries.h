#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "replication/plane.h"
#include "replication/question.h"
#include "ring/roles.h"

namespace sojourn::node {

// Questions about all sessions that have a subject or a label in common, wherever they are.
//
// No member knows all of them, so each is asked, this one included: under one view every segment
// has one primary, and who has answered for all segments whose primary it is has told everything
// that there is to tell. With a new view the question is asked anew. See docs/protocol.md, 17.
//
// Ending them takes two steps. First every member halts: it says which of its calls come after, and
// takes note of those of its own logins that came before. Only then are sessions ended, and whoever
// ends them refuses the logins that came before and are still on their way.
//
// An engine's part, used by the node.
class Inquiries {
 public:
  struct Options {
    Duration resend_interval = std::chrono::milliseconds(100);
    // Questions of others that may wait here until this member can answer.
    std::size_t waiting_max = 65536;
  };
  using Message = std::variant<replication::Gather, replication::Gathered>;
  struct Outgoing {
    // May be this member itself.
    MemberIndex to = {};
    Message message = {};
  };
  // A question of this member's user was answered, or its time is up.
  struct Answered {
    std::uint64_t number = 0;
    replication::Inquiry inquiry = replication::Inquiry::kList;
    replication::Findings findings = {};
  };
  // What every member said to a survey.
  struct Surveyed {
    std::uint64_t number = 0;
    replication::Key key = {};
    std::vector<std::pair<MemberIndex, replication::Gathered>> answers = {};
  };
  struct Effects {
    std::vector<Outgoing> outgoing = {};
    std::vector<Answered> answered = {};
    std::vector<Surveyed> surveyed = {};
  };
  // Takes note that this member's unfinished logins with that key were overtaken. Returns the
  // number of its next call.
  using Halt = std::function<std::uint64_t(const replication::Key&)>;

  // The plane must outlive it.
  Inquiries(Options options, replication::Plane& plane, Halt halt);

  // Inputs.

  void ask(Time now, std::uint64_t number, replication::Question question, Time deadline);
  // Asked until it is answered, or there is a new view.
  void survey(Time now, std::uint64_t number, replication::Key key);
  void receive(Time now, MemberIndex from, const replication::Gather& gather);
  void receive(Time now, MemberIndex from, const replication::Gathered& gathered);
  // The plane has ended all sessions that a question was to end.
  void ended(Time now, const replication::Plane::Ended& ended);
  // This member may be able to answer now.
  void news(Time now);
  // A new view, or none if this member was excluded.
  void install(Time now, std::shared_ptr<const ring::Roles> roles);
  // Below which number all calls of this member have ended; stands in every message.
  void set_settled(std::uint64_t settled) { settled_ = settled; }
  // `why`: why this member is not ready, or "ready".
  void tick(Time now, const std::string& why);

  Effects take_effects() { return std::exchange(effects_, {}); }
  bool has_effects() const {
    return !effects_.outgoing.empty() || !effects_.answered.empty() || !effects_.surveyed.empty();
  }
  std::optional<Time> next_deadline() const;

  // State.

  // Questions of this member's users.
  std::size_t open() const { return open_.size() - surveys_; }
  // The lowest number of an open one.
  std::optional<std::uint64_t> first() const;
  // Those of others that are kept here.
  std::size_t kept() const { return asked_.size(); }

 private:
  // A question of this member.
  struct Open {
    replication::Question question = {};
    Time deadline = {};
    Time send_again = {};
    // Which step is being taken.
    replication::Inquiry step = replication::Inquiry::kList;
    std::set<MemberIndex> unanswered = {};
    std::vector<std::pair<MemberIndex, replication::Gathered>> answers = {};
    std::vector<replication::Overtaken> overtaken = {};
    // Whether anybody may have ended anything; and how many each says it has, under any view.
    bool ending = false;
    std::map<Incarnation, std::uint64_t> ended = {};
  };
  // A question of any member that waits to be answered here, or was and must be answered alike.
  struct Asked {
    MemberIndex from = {};
    replication::Gather gather = {};
    Time deadline = {};
    enum class Standing { kWaiting, kEnding, kDone } standing = Standing::kWaiting;
    replication::Gathered answer = {};
  };
  using AskedKey = std::pair<OperationId, replication::Inquiry>;

  void begin(Time now, std::uint64_t number, Open& open);
  void begin_step(Time now, std::uint64_t number, Open& open, replication::Inquiry step);
  void send_to_unanswered(Time now, std::uint64_t number, Open& open);
  void complete(Time now, std::uint64_t number, Open& open);
  void finish(std::uint64_t number, Open& open, replication::Findings findings);
  replication::Findings findings(const Open& open) const;
  // False if this member cannot answer now.
  bool answer(Time now, OperationId id, Asked& asked);
  void reply(const Asked& asked, replication::Gathered answer);
  Incarnation incarnation_of(MemberIndex member) const {
    return {roles_->view().members[member.value].incarnation};
  }

  const Options options_;
  replication::Plane& plane_;
  const Halt halt_;
  std::shared_ptr<const ring::Roles> roles_;
  std::uint64_t settled_ = 0;
  std::map<std::uint64_t, Open> open_;
  std::size_t surveys_ = 0;
  std::map<AskedKey, Asked> asked_;
  Effects effects_;
};

}  // namespace sojourn::node
