#include "simulation/companion_model.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "simulation/search.h"
#include "simulation/trace.h"

namespace sojourn::simulation {
namespace {

using replication::Operation;
using replication::Verb;
using States = std::vector<CompanionState>;

const States kImpossible = {};

std::uint64_t microseconds(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Duration scaled(std::chrono::seconds lifetime, double factor) {
  const auto exact = static_cast<double>(Duration(lifetime).count());
  return Duration(static_cast<std::int64_t>(exact * factor));
}

}  // namespace

std::string CompanionState::fingerprint() const {
  std::string text;
  {
    ByteWriter writer(text);
    write(writer);
  }
  return text;
}

void CompanionState::write(ByteWriter& writer) const {
  writer.byte(there);
  if (!there) return;
  writer.string(value);
  writer.varint(count);
  writer.varint(microseconds(ends_after));
  writer.varint(microseconds(ends_before));
}

std::string describe(const CompanionState& state) {
  if (!state.there) return "absent";
  return absl::StrFormat("%s %d, to end between %s and %s", state.value, state.count,
                         seconds(state.ends_after), seconds(state.ends_before));
}

States CompanionModel::after(const CompanionState& state, std::size_t call) const {
  States states;
  for (const CompanionState& before : at_call(state, history_[call])) {
    const States next = carry_out(before, history_[call]);
    states.insert(states.end(), next.begin(), next.end());
  }
  return states;
}

States CompanionModel::at_call(const CompanionState& state, const Call& call) const {
  if (!state.there) return {state};
  States states;
  if (call.called < state.ends_before) states.push_back(state);
  // What nobody was told may have happened later than somebody gave it up.
  if (call.outcome_unknown() || call.returned >= state.ends_after) states.push_back({});
  return states;
}

States CompanionModel::carry_out(const CompanionState& state, const Call& call) const {
  const Operation& operation = call.operation;
  const bool known = !call.outcome_unknown();
  const bool ok = !known || call.status == absl::StatusCode::kOk;
  CompanionState next = state;
  switch (operation.verb) {
    case Verb::kPutOnce:
      if (known && call.status == absl::StatusCode::kAborted) {
        return state.there ? States{state} : kImpossible;
      }
      if (!ok || state.there) return kImpossible;
      return {made(call)};
    case Verb::kTake:
    case Verb::kLook:
      if (known && call.status == absl::StatusCode::kNotFound) {
        return state.there ? kImpossible : States{state};
      }
      if (!ok || !state.there) return kImpossible;
      if (known && call.companion != SeenCompanion{state.value, state.count}) return kImpossible;
      return operation.verb == Verb::kTake ? States{{}} : States{state};
    case Verb::kAdd:
      if (!ok) return kImpossible;
      if (!state.there) next = made(call);
      next.count = state.count + operation.amount;
      if (known && call.companion != SeenCompanion{.count = next.count}) return kImpossible;
      return {next};
    case Verb::kResetCounter:
      return ok ? States{{}} : kImpossible;
    case Verb::kRevokeToken:
      if (!ok) return kImpossible;
      next = made(call);
      next.ends_after = std::max(next.ends_after, state.ends_after);
      next.ends_before = std::max(next.ends_before, state.ends_before);
      return {next};
    default:
      return kImpossible;
  }
}

// It begins when the call took effect, so not before it was called nor after it returned.
CompanionState CompanionModel::made(const Call& call) const {
  const std::chrono::seconds lifetime = call.operation.lifetime.absolute;
  CompanionState made = {.there = true, .value = call.operation.value};
  made.ends_after = call.called + scaled(lifetime, 1.0 - tolerance_.drift);
  made.ends_before = Time::max();
  if (!call.outcome_unknown()) {
    made.ends_before =
        call.returned + scaled(lifetime, 1.0 + tolerance_.drift) + tolerance_.late_end;
  }
  return made;
}

Verdict check_companion(const History& history, const CheckOptions& options) {
  return search_order<CompanionModel>(history, options);
}

}  // namespace sojourn::simulation
