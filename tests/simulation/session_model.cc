#include "simulation/session_model.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "table/table.h"

namespace sojourn::simulation {
namespace {

using replication::Operation;
using replication::Verb;
using Life = ModelState::Life;
using States = std::vector<ModelState>;

const States kImpossible = {};

std::uint64_t microseconds(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

void apply(const std::vector<Patch::Step>& steps, std::map<std::string, std::string>& attributes) {
  for (const Patch::Step& step : steps) {
    if (step.value) {
      attributes[step.name] = *step.value;
    } else {
      attributes.erase(step.name);
    }
  }
}

std::map<std::string, std::string> to_map(const std::vector<Attribute>& attributes) {
  std::map<std::string, std::string> map;
  for (const Attribute& attribute : attributes) map[attribute.name] = attribute.value;
  return map;
}

bool same_contents(const ModelState& state, const SeenSession& session) {
  return state.phase == session.phase && state.subject == session.subject &&
         state.attributes == session.attributes && state.lifetime == session.lifetime;
}

bool is_rename(Verb verb) { return verb == Verb::kAuthenticate || verb == Verb::kRotate; }

}  // namespace

std::string ModelState::fingerprint() const {
  std::string text;
  ByteWriter writer(text);
  writer.byte(static_cast<std::uint8_t>(life));
  if (life != Life::kAlive) return text;  // nothing else matters any more, or yet
  writer.byte(id.has_value());
  writer.string(id.value_or(""));
  writer.byte(static_cast<std::uint8_t>(phase));
  writer.string(subject);
  for (const auto& [name, value] : attributes) {
    writer.string(name);
    writer.string(value);
  }
  writer.string("");  // names are never empty: the end
  writer.varint(static_cast<std::uint64_t>(lifetime.idle.count()));
  writer.varint(static_cast<std::uint64_t>(lifetime.absolute.count()));
  writer.varint(version.epoch);
  writer.varint(version.sequence);
  writer.byte(version_exact);
  writer.varint(microseconds(created_after));
  writer.varint(microseconds(created_before));
  writer.varint(microseconds(used_after));
  return text;
}

std::string describe(const ModelState& state) {
  if (state.life == Life::kUnborn) return "not created yet";
  if (state.life == Life::kDead) return "dead";
  std::string text = state.id ? state.id->substr(0, 8) : "under an id that nobody was told";
  text += state.version_exact ? " at v" : " after v";
  text += std::to_string(state.version.epoch) + "." + std::to_string(state.version.sequence);
  text += state.phase == Phase::kLogin ? " login" : " active " + state.subject;
  for (const auto& [name, value] : state.attributes) text += " " + name + "=" + value;
  return text;
}

SessionModel::SessionModel(const History& history, const Tolerance& tolerance)
    : history_(history), tolerance_(tolerance) {
  for (const Call& call : history_) {
    const bool tells_id = call.operation.verb == Verb::kCreate || is_rename(call.operation.verb);
    if (tells_id && call.session) told_ids_.insert(call.session->id);
    // A create's id may be chosen by its caller, who then knows it without an answer.
    if (call.operation.verb == Verb::kCreate) told_ids_.insert(call.operation.id);
  }
  for (const Call& call : history_) {
    Time last = {};
    for (const Call& other : history_) {
      if (&other == &call || other.called > call.returned) continue;
      const Time end = other.outcome_unknown() ? Time::max() : other.returned + tolerance_.late_use;
      last = std::max(last, std::min(end, call.returned));
    }
    last_use_before_.push_back(last);
  }
}

States SessionModel::after(const ModelState& state, std::size_t call_index) const {
  const Call& call = history_[call_index];
  const Verb verb = call.operation.verb;
  if (!call.outcome_unknown()) {
    if (call.status == absl::StatusCode::kNotFound) return not_found(state, call);
    if (call.status == absl::StatusCode::kDataLoss) {
      if (!tolerance_.lost) return kImpossible;
      if (state.life != Life::kAlive || state.id != call.operation.id) return {state};
      return {{.life = Life::kDead}};
    }
    const bool expected = call.status == absl::StatusCode::kOk ||
                          call.status == absl::StatusCode::kAborted ||
                          call.status == absl::StatusCode::kFailedPrecondition;
    if (!expected) return kImpossible;
  }
  if (verb == Verb::kCreate) return create(state, call);
  if (verb == Verb::kRevoke) return revoke(state, call);

  if (!may_address(state, call.operation.id)) return kImpossible;
  if (!call.outcome_unknown() && must_have_expired(state, call_index)) return kImpossible;
  // Had it been another id than the lost one, the answer would have been "not found".
  ModelState found = state;
  found.id = call.operation.id;
  return replication::is_read(verb) ? read(found, call) : change(found, call);
}

States SessionModel::create(const ModelState& state, const Call& call) const {
  const Operation& operation = call.operation;
  if (!call.outcome_unknown() && call.status == absl::StatusCode::kAborted) {
    const bool taken = state.life == Life::kAlive && state.id == operation.id;
    return taken ? States{state} : kImpossible;
  }
  if (!call.outcome_unknown() && call.status != absl::StatusCode::kOk) return kImpossible;
  // Ids are never used again, so neither after its death.
  if (state.life != Life::kUnborn) return kImpossible;

  ModelState made = {.life = Life::kAlive,
                     .id = operation.id,
                     .phase = operation.phase,
                     .subject = operation.subject,
                     .attributes = to_map(operation.attributes),
                     .lifetime = operation.lifetime,
                     .version_exact = false,
                     .created_after = call.called,
                     .created_before = call.outcome_unknown() ? Time::max() : call.returned,
                     .used_after = call.called};
  if (operation.id.empty()) made.id.reset();
  if (call.outcome_unknown()) return {made};
  if (!call.session || !same_contents(made, *call.session)) return kImpossible;
  if (!operation.id.empty() && operation.id != call.session->id) return kImpossible;
  made.id = call.session->id;
  made.version = call.session->version;
  made.version_exact = true;
  return {made};
}

// Any order of death and call is fine, but not a session that should be there.
States SessionModel::not_found(const ModelState& state, const Call& call) const {
  const Verb verb = call.operation.verb;
  if (verb == Verb::kCreate || verb == Verb::kRevoke) return kImpossible;
  if (state.life != Life::kAlive || state.id != call.operation.id) return {state};
  if (!may_have_expired(state, call)) return kImpossible;
  return {{.life = Life::kDead}};
}

States SessionModel::revoke(const ModelState& state, const Call& call) const {
  if (!call.outcome_unknown() && call.status != absl::StatusCode::kOk) return kImpossible;
  if (!may_address(state, call.operation.id)) return {state};
  const ModelState dead = {.life = Life::kDead};
  if (state.id) return {dead};
  return {state, dead};
}

States SessionModel::read(const ModelState& state, const Call& call) const {
  if (call.outcome_unknown()) return {state};
  if (call.status != absl::StatusCode::kOk) return kImpossible;
  ModelState next = state;
  if (call.operation.touch) next.used_after = std::max(next.used_after, call.called);
  if (call.operation.verb == Verb::kTouch) return {next};

  if (!call.session || call.session->id != call.operation.id) return kImpossible;
  if (!same_contents(state, *call.session)) return kImpossible;
  const Version& version = call.session->version;
  if (state.version_exact ? version != state.version : version <= state.version) return kImpossible;
  next.version = version;
  next.version_exact = true;
  return {next};
}

States SessionModel::change(const ModelState& state, const Call& call) const {
  const Operation& operation = call.operation;
  const std::optional<Version>& expected = operation.expected_version;
  const bool may_match =
      !expected || (state.version_exact ? *expected == state.version : *expected > state.version);
  const bool may_differ = expected && !(state.version_exact && *expected == state.version);
  const bool wrong_phase = operation.verb == Verb::kAuthenticate && state.phase != Phase::kLogin;

  if (!call.outcome_unknown() && call.status == absl::StatusCode::kAborted) {
    return may_differ ? States{state} : kImpossible;
  }
  if (!may_match) return kImpossible;
  ModelState next = state;
  if (expected) {
    next.version = *expected;
    next.version_exact = true;
  }
  if (!call.outcome_unknown() && call.status == absl::StatusCode::kFailedPrecondition) {
    return wrong_phase ? States{next} : kImpossible;
  }
  if (wrong_phase) return kImpossible;

  if (operation.verb == Verb::kUpdate) {
    next.attributes = to_map(operation.attributes);
  } else {
    apply(operation.steps, next.attributes);
  }
  if (operation.verb == Verb::kAuthenticate) {
    next.phase = Phase::kActive;
    next.subject = operation.subject;
    next.lifetime = operation.lifetime;
    next.created_after = call.called;
    next.created_before = call.outcome_unknown() ? Time::max() : call.returned;
  }
  next.used_after = std::max(next.used_after, call.called);
  next.version_exact = false;
  if (is_rename(operation.verb)) next.id.reset();
  if (call.outcome_unknown()) return {next};

  if (!call.session || !same_contents(next, *call.session)) return kImpossible;
  if (call.session->version <= next.version) return kImpossible;
  if ((call.session->id == operation.id) == is_rename(operation.verb)) return kImpossible;
  next.id = call.session->id;
  next.version = call.session->version;
  next.version_exact = true;
  return {next};
}

bool SessionModel::may_address(const ModelState& state, const std::string& id) const {
  if (state.life != Life::kAlive) return false;
  return state.id ? *state.id == id : !told_ids_.contains(id);
}

// It took effect when it returned, at the latest.
bool SessionModel::may_have_expired(const ModelState& state, const Call& call) const {
  return call.returned - state.used_after >= shortest(state.lifetime.idle) ||
         call.returned - state.created_after >= shortest(state.lifetime.absolute);
}

// It took effect when it was called, at the earliest.
bool SessionModel::must_have_expired(const ModelState& state, std::size_t call_index) const {
  const Time called = history_[call_index].called;
  const auto over = [&](Time since, std::chrono::seconds lifetime, Duration late) {
    return since < called && called - since >= longest(lifetime) + late;
  };
  const bool failover = tolerance_.late_end > Duration::zero();
  const Duration late_uses =
      failover ? table::use_interval(state.lifetime) + tolerance_.late_end : Duration::zero();
  return over(last_use_before_[call_index], state.lifetime.idle, late_uses) ||
         over(state.created_before, state.lifetime.absolute, tolerance_.late_end);
}

Duration SessionModel::shortest(std::chrono::seconds lifetime) const {
  return Duration(static_cast<std::int64_t>(static_cast<double>(Duration(lifetime).count()) *
                                            (1.0 - tolerance_.drift)));
}

Duration SessionModel::longest(std::chrono::seconds lifetime) const {
  return Duration(static_cast<std::int64_t>(static_cast<double>(Duration(lifetime).count()) *
                                            (1.0 + tolerance_.drift)));
}

}  // namespace sojourn::simulation
