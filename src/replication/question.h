#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "replication/key.h"
#include "replication/messages.h"

namespace sojourn::replication {

// What may be asked about all sessions that have a key, wherever they are. The numbers stand on the
// wire.
enum class Inquiry : std::uint8_t {
  kList = 48,    // the sessions themselves, page by page
  kCount = 49,   // how many they are
  kHalt = 50,    // first step of ending them: no login that was called before makes another
  kEnd = 51,     // second step: end those that there are
  kSurvey = 52,  // what counts against the limit of a subject
};

// Sessions that one page may list.
inline constexpr std::uint32_t kPageMax = 1000;

// A question of a member's user.
struct Question {
  // kList, kCount or kEnd.
  Inquiry inquiry = Inquiry::kList;
  Key key = {};
  // kList: the sessions that follow this id, and how many of them.
  std::string after = {};
  std::uint32_t limit = 0;
  // kEnd: the session that shall live; empty for none.
  std::string except = {};
};

// What came of it.
struct Findings {
  absl::Status status = {};
  // kCount: how many there are. kEnd: how many were ended.
  std::uint64_t count = 0;
  // kList: ordered by id.
  std::vector<Copy> sessions = {};
  // kList: there are others behind the last of them.
  bool more = false;
};

// Of one caller: its logins with lower numbers were called before all sessions of their key were
// ended.
struct Overtaken {
  Incarnation caller = {};
  std::uint64_t below = 0;
};

// Asks a member for its part of the answer. Every member of the view is asked; sent again until it
// has answered or the time is up.
struct Gather {
  // The asker's number for it, one of those of its calls; and as in Request.
  std::uint64_t number = 0;
  std::uint64_t settled = 0;
  Duration time_left = {};
  Inquiry inquiry = Inquiry::kList;
  Key key = {};
  std::string after = {};
  std::uint32_t limit = 0;
  std::string except = {};
  // kEnd: as the members said when they were halted.
  std::vector<Overtaken> overtaken = {};
};

// A session that counts against its subject's limit.
struct Counted {
  std::string id = {};
  Time created_at = {};
};

// A member's part of the answer: about the segments whose primary it is.
struct Gathered {
  std::uint64_t number = 0;
  Inquiry inquiry = Inquiry::kList;
  // Why there is none.
  absl::Status status = {};
  // As in Findings. kHalt: the sender's calls from this number on come after.
  std::uint64_t count = 0;
  std::vector<Copy> sessions = {};
  bool more = false;
  // kSurvey: sessions that are there or being made; and logins that wait to be admitted.
  std::vector<Counted> counted = {};
  std::vector<OperationId> waiting = {};
};

// Tells the arbiter of that subject that logins wait here to be admitted.
struct Apply {
  Key key = {};
};

// The arbiter's word on logins that wait at the receiver.
struct Verdict {
  // Counts the arbiter's surveys.
  std::uint64_t number = 0;
  Key key = {};
  std::vector<OperationId> admitted = {};
  std::vector<OperationId> refused = {};
};

// The receiver has acted on the verdict: from now on a survey shows what it began.
struct VerdictAck {
  std::uint64_t number = 0;
  Key key = {};
};

}  // namespace sojourn::replication
