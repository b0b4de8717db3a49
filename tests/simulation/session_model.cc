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
    if (!step.tab.empty()) continue;
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
         state.attributes == session.attributes && state.lifetime == session.lifetime &&
         state.tabs == session.tabs && state.remembered == session.remembered;
}

bool is_rename(const Operation& operation) {
  return operation.verb == Verb::kRotate ||
         (operation.verb == Verb::kAuthenticate && !operation.keep_id);
}

// Of a sum that may be for ever.
Time later(Time time, Duration duration) { return time == Time::max() ? time : time + duration; }

void set_in(Tab& tab, const Patch::Step& step) {
  std::map<std::string, std::string> attributes;
  for (const Attribute& attribute : tab.attributes) attributes[attribute.name] = attribute.value;
  apply({{step.name, step.value}}, attributes);
  tab.attributes.clear();
  for (const auto& [name, value] : attributes) tab.attributes.push_back({name, value});
}

bool erase_tab(std::vector<Tab>& tabs, const std::string& name) {
  return std::erase_if(tabs, [&](const Tab& tab) { return tab.name == name; }) > 0;
}

void apply_to_tabs(const std::vector<Patch::Step>& steps, std::vector<Tab>& tabs) {
  for (const Patch::Step& step : steps) {
    if (step.tab.empty()) continue;
    Tab changed = {.name = step.tab};
    for (const Tab& tab : tabs) {
      if (tab.name == step.tab) changed = tab;
    }
    erase_tab(tabs, step.tab);
    if (!step.name.empty()) set_in(changed, step);
    tabs.push_back(std::move(changed));
    if (tabs.size() > kTabsMax) tabs.erase(tabs.begin());
  }
}

bool is_about_tabs(const Operation& operation) {
  return operation.verb == Verb::kEraseTab ||
         std::any_of(operation.steps.begin(), operation.steps.end(),
                     [](const Patch::Step& step) { return !step.tab.empty(); });
}

}  // namespace

std::string ModelState::fingerprint() const {
  std::string text;
  {
    ByteWriter writer(text);
    write(writer);
  }
  return text;
}

void ModelState::write(ByteWriter& writer) const {
  writer.byte(static_cast<std::uint8_t>(life));
  if (life != Life::kAlive) return;  // nothing else matters any more, or yet
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
  for (const Tab& tab : tabs) {
    writer.string(tab.name);
    for (const Attribute& attribute : tab.attributes) {
      writer.string(attribute.name);
      writer.string(attribute.value);
    }
    writer.string("");
  }
  writer.string("");
  writer.byte(remembered);
  writer.varint(microseconds(ends_after));
  writer.varint(microseconds(ends_before));
  const auto write = [&](const Alias& each) {
    writer.string(each.id);
    writer.varint(microseconds(each.ends_after));
    writer.varint(microseconds(each.ends_before));
  };
  for (const Alias& each : older_aliases) write(each);
  writer.string("");  // ids are never empty
  if (alias) write(*alias);
}

const ModelState::Alias* ModelState::alias_called(const std::string& called) const {
  if (life != Life::kAlive) return nullptr;
  if (alias && alias->id == called) return &*alias;
  for (const Alias& each : older_aliases) {
    if (each.id == called) return &each;
  }
  return nullptr;
}

std::string describe(const ModelState& state) {
  if (state.life == Life::kUnborn) return "not created yet";
  if (state.life == Life::kDead) return "dead";
  std::string text = state.id ? state.id->substr(0, 8) : "under an id that nobody was told";
  text += state.version_exact ? " at v" : " after v";
  text += std::to_string(state.version.epoch) + "." + std::to_string(state.version.sequence);
  text += state.phase == Phase::kLogin ? " login" : " active " + state.subject;
  for (const auto& [name, value] : state.attributes) text += " " + name + "=" + value;
  for (const Tab& tab : state.tabs)
    text += " " + tab.name + ":" + std::to_string(tab.attributes.size());
  if (state.remembered) text += " remembered";
  if (state.ends_before != Time::max()) text += " shortened";
  if (state.alias) text += " alias " + state.alias->id.substr(0, 8);
  return text;
}

SessionModel::SessionModel(const History& history, const Tolerance& tolerance)
    : history_(history), tolerance_(tolerance) {
  for (const Call& call : history_) {
    const bool tells_id = call.operation.verb == Verb::kCreate || is_rename(call.operation);
    if (tells_id && call.session) told_ids_.insert(call.session->id);
    // A create's id may be chosen by its caller, who then knows it without an answer.
    if (call.operation.verb == Verb::kCreate) told_ids_.insert(call.operation.id);
  }
  for (const Call& call : history_) {
    Time last = {};
    for (const Call& other : history_) {
      if (&other == &call || other.called > call.returned || other.ends_all()) continue;
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
      if (state.life == Life::kAlive && state.alias && state.alias->id == call.operation.id) {
        ModelState without = state;
        without.alias.reset();
        return {without, {.life = Life::kDead}};
      }
      if (state.life != Life::kAlive || state.id != call.operation.id) return {state};
      return {{.life = Life::kDead}};
    }
    const bool expected = call.status == absl::StatusCode::kOk ||
                          call.status == absl::StatusCode::kAborted ||
                          call.status == absl::StatusCode::kFailedPrecondition;
    if (!expected) return kImpossible;
  }
  if (call.ends_all()) return end_all(state, call);
  if (verb == Verb::kCreate) return create(state, call);
  if (verb == Verb::kRevoke) return revoke(state, call);
  if (state.life == Life::kAlive && state.alias && state.alias->id == call.operation.id) {
    return through_alias(state, call_index);
  }

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
                     .used_after = call.called,
                     .remembered = operation.remembered};
  apply_to_tabs(operation.steps, made.tabs);
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
  if (state.life == Life::kAlive && state.alias && state.alias->id == call.operation.id) {
    States states;
    if (may_have_ended(*state.alias, call)) {
      states.push_back(state);
      states.back().alias.reset();
    }
    if (may_have_expired(state, call) || may_be_displaced(state)) {
      states.push_back({.life = Life::kDead});
    }
    return states;
  }
  if (state.life != Life::kAlive || state.id != call.operation.id) return {state};
  if (!may_have_expired(state, call) && !may_be_displaced(state)) return kImpossible;
  return {{.life = Life::kDead}};
}

// All sessions of a subject or label, this one among them if it is one.
States SessionModel::end_all(const ModelState& state, const Call& call) const {
  const Operation& operation = call.operation;
  const bool concerned = !operation.labels.empty() || state.subject == operation.subject;
  if (state.life == Life::kAlive && concerned) return {{.life = Life::kDead}};
  // A login that was called before comes before, if at all.
  const bool to_come = state.life != Life::kDead;
  return operation.overtaken && to_come ? kImpossible : States{state};
}

States SessionModel::revoke(const ModelState& state, const Call& call) const {
  if (!call.outcome_unknown() && call.status != absl::StatusCode::kOk) return kImpossible;
  if (const auto* alias = state.alias_called(call.operation.id)) {
    return revoke_alias(state, *alias, call);
  }
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
  const bool by_alias = state.alias && state.alias->id == call.operation.id;
  if (by_alias == call.session->alias_of.empty()) return kImpossible;
  const Version& version = call.session->version;
  if (state.version_exact ? version != state.version : version <= state.version) return kImpossible;
  next.version = version;
  next.version_exact = true;
  return {next};
}

// Reads see the session under the old id; nothing else is possible by it.
States SessionModel::through_alias(const ModelState& state, std::size_t call_index) const {
  const Call& call = history_[call_index];
  if (!replication::is_read(call.operation.verb)) {
    const bool refused = call.status == absl::StatusCode::kFailedPrecondition;
    return call.outcome_unknown() || refused ? States{state} : kImpossible;
  }
  if (call.outcome_unknown()) return {state};
  if (must_have_expired(state, call_index) || must_have_ended(*state.alias, call)) {
    return kImpossible;
  }
  return read(state, call);
}

States SessionModel::revoke_alias(const ModelState& state, const ModelState::Alias& alias,
                                  const Call& call) const {
  States states;
  if (!must_have_ended(alias, call)) states.push_back({.life = Life::kDead});
  if (may_have_ended(alias, call)) {
    ModelState without = state;
    std::erase_if(without.older_aliases,
                  [&](const ModelState::Alias& each) { return each.id == alias.id; });
    if (without.alias && without.alias->id == alias.id) without.alias.reset();
    states.push_back(std::move(without));
  }
  return states;
}

void SessionModel::shorten(ModelState& state, const Call& call) const {
  if (!call.operation.time_left) return;
  const Time latest = call.outcome_unknown() ? Time::max() : call.returned;
  state.ends_after =
      std::min(state.ends_after, later(call.called, shortest(*call.operation.time_left)));
  state.ends_before =
      std::min(state.ends_before, later(latest, longest(*call.operation.time_left)));
}

// The aliases of before lead on by the new one, for as long as that lives.
void SessionModel::rename(ModelState& state, const Call& call) const {
  const Operation& operation = call.operation;
  state.id.reset();
  if (operation.overlap.count() == 0) {
    state.alias.reset();
    state.older_aliases.clear();
    return;
  }
  const Time latest = call.outcome_unknown() ? Time::max() : call.returned;
  const ModelState::Alias made = {.id = operation.id,
                                  .ends_after = later(call.called, shortest(operation.overlap)),
                                  .ends_before = later(latest, longest(operation.overlap))};
  if (state.alias) state.older_aliases.push_back(*state.alias);
  for (ModelState::Alias& older : state.older_aliases) {
    older.ends_after = std::min(older.ends_after, made.ends_after);
    older.ends_before = std::min(older.ends_before, made.ends_before);
  }
  state.alias = made;
}

States SessionModel::change(const ModelState& state, const Call& call) const {
  const Operation& operation = call.operation;
  const std::optional<Version>& expected = operation.expected_version;
  const bool may_match =
      !expected || (state.version_exact ? *expected == state.version : *expected > state.version);
  const bool may_differ = expected && !(state.version_exact && *expected == state.version);
  const bool wrong_phase = state.phase != Phase::kLogin &&
                           (operation.verb == Verb::kAuthenticate || is_about_tabs(operation));

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
    apply_to_tabs(operation.steps, next.tabs);
  }
  if (operation.verb == Verb::kEraseTab && erase_tab(next.tabs, operation.tab) &&
      next.tabs.empty()) {
    if (!call.outcome_unknown() && call.session) return kImpossible;
    return {{.life = Life::kDead}};
  }
  if (operation.verb == Verb::kAuthenticate) {
    next.tabs.clear();
    next.remembered = operation.remembered;
    next.ends_after = next.ends_before = Time::max();
    next.phase = Phase::kActive;
    next.subject = operation.subject;
    next.lifetime = operation.lifetime;
    next.created_after = call.called;
    next.created_before = call.outcome_unknown() ? Time::max() : call.returned;
  }
  shorten(next, call);
  next.used_after = std::max(next.used_after, call.called);
  next.version_exact = false;
  if (is_rename(operation)) rename(next, call);
  if (call.outcome_unknown()) return {next};

  if (!call.session || !same_contents(next, *call.session)) return kImpossible;
  if (call.session->version <= next.version) return kImpossible;
  if ((call.session->id == operation.id) == is_rename(operation)) return kImpossible;
  if (!call.session->alias_of.empty()) return kImpossible;
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
         call.returned - state.created_after >= shortest(state.lifetime.absolute) ||
         call.returned >= state.ends_after;
}

bool SessionModel::may_have_ended(const ModelState::Alias& alias, const Call& call) const {
  return call.returned >= alias.ends_after;
}

bool SessionModel::must_have_ended(const ModelState::Alias& alias, const Call& call) const {
  return call.called >= later(alias.ends_before, tolerance_.late_end);
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
         over(state.created_before, state.lifetime.absolute, tolerance_.late_end) ||
         called >= later(state.ends_before, tolerance_.late_end);
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
