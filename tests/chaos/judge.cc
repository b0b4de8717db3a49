#include "chaos/judge.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "simulation/linearizability.h"

namespace sojourn::chaos {
namespace {

using replication::Operation;
using simulation::Call;
using simulation::History;
using simulation::Verdict;

replication::Verb translate(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return replication::Verb::kCreate;
    case Verb::kGet:
      return replication::Verb::kGet;
    case Verb::kPatch:
      return replication::Verb::kPatch;
    case Verb::kAuthenticate:
      return replication::Verb::kAuthenticate;
    case Verb::kRotate:
      return replication::Verb::kRotate;
    case Verb::kRevoke:
      return replication::Verb::kRevoke;
  }
  return replication::Verb::kGet;
}

Operation operation_of(const Question& question) {
  Operation operation = {.verb = translate(question.verb),
                         .id = question.id,
                         .subject = question.subject,
                         .lifetime = kLifetime};
  if (question.verb != Verb::kCreate) {
    operation.steps = question.steps;
    return operation;
  }
  operation.phase = question.subject.empty() ? Phase::kLogin : Phase::kActive;
  for (const Patch::Step& step : question.steps) {
    operation.attributes.push_back({step.name, step.value.value_or("")});
  }
  return operation;
}

Call translate(const RecordedCall& recorded) {
  Call call = {.client = recorded.client,
               .called = Time(recorded.called),
               .operation = operation_of(recorded.question)};
  if (!recorded.answer) return call;
  const Answer& answer = *recorded.answer;
  // The member's own times are the narrower ones.
  call.called = Time(answer.began);
  call.returned = Time(answer.ended);
  call.status = answer.status;
  if (answer.session) {
    call.session = {.id = answer.session->id,
                    .phase = answer.session->phase,
                    .subject = answer.session->subject,
                    .attributes = answer.session->attributes,
                    .lifetime = answer.session->lifetime,
                    .version = answer.session->version};
  }
  return call;
}

bool ends_its_id(const Call& call) {
  using enum replication::Verb;
  const replication::Verb verb = call.operation.verb;
  return verb == kRevoke || verb == kAuthenticate || verb == kRotate;
}

bool found(const Call& call) {
  return !call.outcome_unknown() && call.status == absl::StatusCode::kOk && call.session &&
         call.operation.verb != replication::Verb::kCreate;
}

// Whether nobody had asked for the end of the id when it was said to be absent.
bool is_false_not_found(const History& history, const Call& call) {
  if (call.outcome_unknown() || call.status != absl::StatusCode::kNotFound) return false;
  const std::string& id = call.operation.id;
  return std::none_of(history.begin(), history.end(), [&](const Call& other) {
    return ends_its_id(other) && !other.refused() && other.operation.id == id &&
           other.called <= call.returned && &other != &call;
  });
}

bool is_found_after(const History& history, const std::string& id, Time time) {
  return std::any_of(history.begin(), history.end(), [&](const Call& call) {
    return found(call) && call.operation.id == id && call.called > time;
  });
}

bool shows_resurrection(const History& history) {
  return std::any_of(history.begin(), history.end(), [&](const Call& call) {
    const bool ended =
        ends_its_id(call) && !call.outcome_unknown() && call.status == absl::StatusCode::kOk;
    return ended && is_found_after(history, call.operation.id, call.returned);
  });
}

// Counts the worst that the history shows.
void count(const History& history, Judgement& judgement) {
  if (shows_resurrection(history)) {
    ++judgement.resurrections;
    return;
  }
  const auto absent = std::find_if(history.begin(), history.end(), [&](const Call& call) {
    return is_false_not_found(history, call);
  });
  if (absent != history.end() && is_found_after(history, absent->operation.id, absent->returned)) {
    ++judgement.false_not_founds;
  } else {
    ++judgement.writes_lost;
  }
}

}  // namespace

Judgement judge(const Records& records) {
  Judgement judgement;
  for (std::size_t number = 0; number < records.size(); ++number) {
    History history;
    for (const RecordedCall& call : records.lineage(number).calls) {
      history.push_back(translate(call));
    }
    ++judgement.lineages;
    judgement.calls += history.size();
    const Verdict verdict = simulation::check_linearizable(history);
    if (verdict.kind == Verdict::Kind::kUndecided) ++judgement.undecided;
    if (verdict.kind != Verdict::Kind::kViolation) continue;
    count(history, judgement);
    judgement.explanations.push_back(
        absl::StrFormat("session %d: %s", number, verdict.explanation));
  }
  return judgement;
}

}  // namespace sojourn::chaos
