#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "replication/operation.h"

namespace sojourn::simulation {

// A session as an answer showed it.
struct SeenSession {
  std::string id = {};
  Phase phase = Phase::kLogin;
  std::string subject = {};
  std::map<std::string, std::string> attributes = {};
  Lifetime lifetime = {};
  Version version = {};
  std::vector<Tab> tabs = {};
  bool remembered = false;
  std::optional<Duration> shortened_to = {};
  std::string alias_of = {};

  friend bool operator==(const SeenSession&, const SeenSession&) = default;
};

// A companion as an answer showed it.
struct SeenCompanion {
  std::string value = {};
  std::uint64_t count = 0;

  friend bool operator==(const SeenCompanion&, const SeenCompanion&) = default;
};

// One call of one client: what it asked, when, and what it was told. Times are those of one clock
// that all clients of a history share; calls that touch in time count as concurrent.
struct Call {
  // Which client, for reports.
  std::string client = {};
  Time called = {};
  // Time::max() if it never returned.
  Time returned = Time::max();
  replication::Operation operation = {};
  absl::StatusCode status = absl::StatusCode::kUnknown;
  // The answer's session, for the verbs that answer one.
  std::optional<SeenSession> session = {};
  // The answer's companion, likewise.
  std::optional<SeenCompanion> companion = {};

  // Whether the client cannot know if it had an effect. If so, it may take effect at any time after
  // it was called, or never.
  bool outcome_unknown() const {
    return returned == Time::max() || status == absl::StatusCode::kDeadlineExceeded ||
           status == absl::StatusCode::kCancelled;
  }
  // Whether it is the question that ends all sessions of a subject or label, as this lineage felt
  // it: a revocation of no id, with the subject or the label. `overtaken` says that the lineage's
  // login was called before.
  bool ends_all() const {
    return operation.verb == replication::Verb::kRevoke && operation.id.empty();
  }
  // Whether the answer promises that nothing happened.
  bool refused() const {
    return !outcome_unknown() && (status == absl::StatusCode::kUnavailable ||
                                  status == absl::StatusCode::kResourceExhausted ||
                                  status == absl::StatusCode::kInvalidArgument);
  }
};

// All calls about one lineage: one session through all the ids that it has had, or the companions
// of one name. In any order.
using History = std::vector<Call>;

// Leaves of a history what must be in order although the segment that it is about was lost then.
// With the copies the outcomes of writes are lost, so that a write which is repeated may happen
// once before and once after. What was answered before must be in order all the same.
void forget_since(Time lost, History& history);

// One line about a call, for reports.
std::string describe(const Call& call);
std::string_view name_of(replication::Verb verb);

}  // namespace sojourn::simulation
