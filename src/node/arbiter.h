#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "node/inquiries.h"
#include "replication/question.h"

namespace sojourn::node {

// What becomes of a login whose subject has as many sessions as it may.
enum class WhenFull : std::uint8_t {
  kRefuseNew,  // it is refused
  kEndOldest,  // the subject's oldest session ends first
};

// Keeps subjects from having more sessions than they may: one member, the arbiter of a subject,
// admits its logins.
//
// Primaries hold logins back and apply to the arbiter. It surveys what there is, decides on all
// logins that the survey found waiting, and tells their primaries. When these have acted, a survey
// shows what they began; only then does the next one begin. So no two logins ever take the same
// place. All of it holds under one view; who still waits under the next applies to the arbiter of
// then. See docs/protocol.md, 17.
//
// An engine's part, used by the node.
class Arbiter {
 public:
  struct Options {
    // Sessions of one subject; 0 for no limit.
    std::uint32_t maximum = 0;
    WhenFull when_full = WhenFull::kRefuseNew;
    Duration resend_interval = std::chrono::milliseconds(100);
    // Subjects whose logins are being decided at one time.
    std::size_t subjects_max = 65536;
  };
  struct Effects {
    // Subjects to be surveyed, and sessions to be ended: surveyed() and ended() follow.
    std::vector<replication::Key> surveys = {};
    std::vector<std::pair<replication::Key, std::string>> endings = {};
    std::vector<std::pair<MemberIndex, replication::Verdict>> verdicts = {};
  };

  explicit Arbiter(Options options) : options_(options) {}

  // Inputs.

  // Logins of that subject wait somewhere.
  void apply(const replication::Key& key);
  void surveyed(Time now, const Inquiries::Surveyed& surveyed);
  // A session of the subject has ended, or will not.
  void ended(const replication::Key& key);
  void receive(MemberIndex from, const replication::VerdictAck& ack);
  // There is another view: all is void.
  void reset() { subjects_.clear(); }
  void tick(Time now);

  Effects take_effects() { return std::exchange(effects_, {}); }
  bool has_effects() const {
    return !effects_.surveys.empty() || !effects_.endings.empty() || !effects_.verdicts.empty();
  }
  std::optional<Time> next_deadline() const;
  std::size_t busy() const { return subjects_.size(); }

 private:
  struct Subject {
    // Somebody applied after the survey began, or was left waiting.
    bool again = false;
    std::size_t endings = 0;
    // The last round ended sessions to make room.
    bool made_room = false;
    // So did the one before, in vain: the next survey has to wait, or it would only say the same.
    bool rests = false;
    std::uint64_t survey = 0;
    std::map<MemberIndex, replication::Verdict> unacknowledged = {};
    // When verdicts are sent again, or the next survey is made.
    Time again_at = {};

    bool waits() const { return !unacknowledged.empty() || (rests && endings == 0); }
  };

  void go_on(const replication::Key& key);
  void send(Time now, Subject& subject);

  const Options options_;
  std::map<replication::Key, Subject> subjects_;
  Effects effects_;
};

}  // namespace sojourn::node
