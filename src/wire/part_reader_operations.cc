// The parts of operations: what is asked for, with its arguments.

#include <string>
#include <vector>

#include "session/limits.h"
#include "wire/bounds.h"
#include "wire/operation_format.h"
#include "wire/part_reader.h"

namespace sojourn::wire {

using replication::Cause;
using replication::Operation;
using replication::Verb;

std::vector<Patch::Step> PartReader::steps() {
  const std::uint64_t count = integer_up_to(2 * kAttributesMax, "a patch has more than 128 steps");
  std::vector<Patch::Step> steps;
  for (std::uint64_t i = 0; i < count && ok(); ++i) {
    const auto kind = static_cast<StepKind>(byte());
    Patch::Step& step = steps.emplace_back();
    switch (kind) {
      case StepKind::kTab:
      case StepKind::kEraseInTab:
      case StepKind::kSetInTab:
        step.tab = tab_name();
        break;
      case StepKind::kErase:
      case StepKind::kSet:
        break;
      default:
        refuse("a patch does something unknown");
    }
    if (kind != StepKind::kTab) step.name = attribute_name();
    if (kind == StepKind::kSet || kind == StepKind::kSetInTab) step.value = attribute_value();
  }
  return steps;
}

Operation PartReader::operation() {
  Operation operation;
  bool more = false;
  operation.verb = static_cast<Verb>(byte_with_more(more));
  if (replication::is_companion_verb(operation.verb)) {
    companion_operation(operation);
    read_more(operation, more);
    return operation;
  }
  operation.id = id();
  read_arguments(operation);
  read_more(operation, more);
  return operation;
}

// What may stand behind the rest, and for whom.
void PartReader::read_more(Operation& operation, bool more) {
  const Verb verb = operation.verb;
  const bool authenticate = verb == Verb::kAuthenticate;
  const bool create = verb == Verb::kCreate;
  const auto only_for = [this](bool right) {
    if (!right) refuse("a field does not belong to the verb");
  };
  more_fields(more, [&](Field field) {
    switch (field) {
      case Field::kRemembered:
        only_for(authenticate || (create && operation.phase == Phase::kActive));
        operation.remembered = true;
        break;
      case Field::kKeepId:
        only_for(authenticate);
        operation.keep_id = true;
        break;
      case Field::kOverlap:
        only_for(verb == Verb::kRotate);
        operation.overlap =
            seconds_up_to(session::kOverlapMax, "an overlap is not between 1 s and 60 s");
        break;
      case Field::kTimeLeft:
        only_for(authenticate || verb == Verb::kPatch);
        operation.time_left =
            seconds_up_to(session::kLifetimeMax, "a lifetime is not between 1 s and 400 days");
        break;
      case Field::kTabSteps:
        only_for(create && operation.phase == Phase::kLogin);
        operation.steps = steps();
        for (const Patch::Step& step : operation.steps) {
          if (step.tab.empty()) refuse("a new session's tab has no name");
        }
        break;
      case Field::kLabels:
        only_for(authenticate || create);
        operation.labels = owned_labels();
        break;
      case Field::kOvertaken:
        only_for(authenticate || create);
        operation.overtaken = true;
        break;
      case Field::kByLimit:
        only_for(verb == Verb::kRevoke);
        operation.cause = Cause::kRevokedByLimit;
        break;
      case Field::kTrace:
        operation.trace = trace();
        break;
      default:
        refuse("an operation has an unknown field");
    }
  });
}

void PartReader::read_arguments(Operation& operation) {
  switch (operation.verb) {
    case Verb::kCreate:
      operation.phase = phase_of(byte());
      operation.subject = subject(operation.phase);
      operation.lifetime = lifetime();
      operation.attributes = owned_attributes(operation.subject.size());
      return;
    case Verb::kGet:
      operation.touch = boolean();
      return;
    case Verb::kUpdate:
      operation.attributes = owned_attributes(0);
      operation.expected_version = version();
      return;
    case Verb::kPatch:
      operation.steps = steps();
      operation.expected_version = expected();
      return;
    case Verb::kAuthenticate:
      operation.subject = subject(Phase::kActive);
      operation.lifetime = lifetime();
      operation.steps = steps();
      for (const Patch::Step& step : operation.steps) {
        if (!step.tab.empty()) refuse("authenticating drops all tabs");
      }
      operation.expected_version = expected();
      return;
    case Verb::kEraseTab:
      operation.tab = tab_name();
      return;
    case Verb::kTouch:
    case Verb::kRotate:
    case Verb::kRevoke:
      return;
    default:
      break;
  }
  refuse("the verb is unknown");
}

void PartReader::companion_operation(Operation& operation) {
  using session::Kind;
  const auto lasts = [&] {
    operation.lifetime.absolute = lifetime_seconds();
    operation.lifetime.idle = operation.lifetime.absolute;
  };
  operation.touch = false;
  switch (operation.verb) {
    case Verb::kPutOnce:
      operation.id = companion_id(Kind::kSingleUse);
      operation.value = single_use_value();
      lasts();
      break;
    case Verb::kTake:
      operation.id = companion_id(Kind::kSingleUse);
      break;
    case Verb::kLook:
      operation.id = any_id();
      if (ok() && !session::is_companion(operation.id)) refuse("it is about a session");
      break;
    case Verb::kAdd:
      operation.id = companion_id(Kind::kCounter);
      operation.amount = count_from_one("an amount is not between 1 and 2^63 - 1");
      lasts();
      break;
    case Verb::kResetCounter:
      operation.id = companion_id(Kind::kCounter);
      break;
    case Verb::kRevokeToken:
      operation.id = companion_id(Kind::kRevokedToken);
      lasts();
      break;
    default:
      refuse("the verb is unknown");
  }
}

}  // namespace sojourn::wire
