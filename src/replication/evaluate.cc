#include "replication/evaluate.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "replication/evaluate_companion.h"
#include "replication/tabs.h"
#include "session/limits.h"

namespace sojourn::replication {
namespace {

using session::AttributeView;
using session::Record;
using session::RecordFields;
using session::RecordRef;
using session::TabView;

std::vector<AttributeView> views_of(const std::vector<Attribute>& attributes) {
  std::vector<AttributeView> views;
  views.reserve(attributes.size());
  for (const Attribute& attribute : attributes) views.push_back({attribute.name, attribute.value});
  return views;
}

// Those that are about the session itself.
void apply(const std::vector<Patch::Step>& steps, std::vector<AttributeView>& attributes) {
  for (const Patch::Step& step : steps) {
    if (step.tab.empty()) apply_to(attributes, step);
  }
}

bool has_tabs(const std::vector<Patch::Step>& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [](const Patch::Step& step) { return !step.tab.empty(); });
}

std::size_t payload_of(std::span<const AttributeView> attributes) {
  std::size_t payload = 0;
  for (const AttributeView& attribute : attributes) {
    payload += attribute.name.size() + attribute.value.size();
  }
  return payload;
}

absl::Status check_size(const RecordFields& fields) {
  std::size_t most = fields.attributes.size();
  std::size_t payload = fields.subject.size() + payload_of(fields.attributes);
  for (const TabView& tab : fields.tabs) {
    most = std::max(most, tab.attributes.size());
    payload += tab.name.size() + payload_of(tab.attributes);
  }
  return session::check_size(most, payload);
}

// What is left of its life may be made shorter, and never longer.
std::optional<Duration> shorten(const RecordFields& fields,
                                const std::optional<std::chrono::seconds>& time_left, Time now) {
  if (!time_left) return fields.shortened_to;
  const Duration wanted = now + *time_left - fields.created_at;
  return std::min(fields.shortened_to.value_or(wanted), wanted);
}

// The session as `current` is, whose id is `id`, used now.
RecordFields fields_of(const Record& current, std::string_view id, Time now, Version version) {
  return {.id = id,
          .phase = current.phase(),
          .subject = current.subject(),
          .lifetime = current.lifetime(),
          .version = version,
          .created_at = current.created_at(),
          .last_seen = now,
          .remembered = current.is_remembered(),
          .shortened_to = current.shortened_to()};
}

absl::Status overtaken() {
  return absl::AbortedError("all sessions of this subject or label were ended meanwhile");
}

// What the session has and what it gets, ordered, none twice.
std::vector<std::string_view> labels_of(const Record& current,
                                        const std::vector<std::string>& more) {
  std::vector<std::string_view> labels = current.labels();
  labels.insert(labels.end(), more.begin(), more.end());
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

Evaluation create(const Operation& operation, const Record* current, Time now, Version version) {
  if (current) return refuse(absl::AbortedError("the id is taken"));
  if (operation.overtaken) return refuse(overtaken());
  const std::vector<AttributeView> attributes = views_of(operation.attributes);
  std::vector<TabView> tabs;
  apply_to_tabs(tabs, operation.steps);
  const std::vector<std::string_view> labels(operation.labels.begin(), operation.labels.end());
  const RecordFields fields = {.id = operation.id,
                               .phase = operation.phase,
                               .subject = operation.subject,
                               .lifetime = operation.lifetime,
                               .version = version,
                               .created_at = now,
                               .last_seen = now,
                               .attributes = attributes,
                               .tabs = tabs,
                               .remembered = operation.remembered,
                               .labels = labels};
  if (absl::Status status = check_size(fields); !status.ok()) return refuse(std::move(status));
  RecordRef made = Record::make(fields);
  return {.entries = entries_of(operation.id, made), .answer = made, .cause = Cause::kCreated};
}

// The session under the same id with other contents.
Evaluation change(RecordFields fields, const std::vector<AttributeView>& attributes) {
  fields.attributes = attributes;
  if (absl::Status status = check_size(fields); !status.ok()) return refuse(std::move(status));
  RecordRef made = Record::make(fields);
  return {.entries = entries_of(std::string(fields.id), made),
          .answer = made,
          .cause = Cause::kChanged};
}

// The session under a new id, and the old id dead; or for so long an alias of the new one.
Evaluation rename(RecordFields fields, const std::vector<AttributeView>& attributes,
                  std::chrono::seconds overlap, absl::FunctionRef<std::string()> draw_id) {
  std::string old_id(fields.id);
  std::string new_id = draw_id();
  fields.id = new_id;
  Evaluation evaluation = change(fields, attributes);
  if (!evaluation.status.ok()) return evaluation;
  RecordRef alias;
  if (overlap > std::chrono::seconds(0)) {
    alias = Record::make({.id = old_id,
                          .lifetime = {.idle = overlap, .absolute = overlap},
                          .version = fields.version,
                          .created_at = fields.last_seen,
                          .last_seen = fields.last_seen,
                          .alias_of = new_id});
  }
  evaluation.entries.push_back({std::move(old_id), std::move(alias)});
  evaluation.cause = Cause::kRotated;
  return evaluation;
}

// Without its last tab a login has nobody left who could complete it.
Evaluation without_tab(const Operation& operation, const Record& current, RecordFields fields,
                       std::vector<TabView>& tabs) {
  const bool last = erase_tab(tabs, operation.tab) && tabs.empty();
  if (last) return {.entries = entries_of(operation.id, RecordRef()), .cause = Cause::kLastTab};
  fields.tabs = tabs;
  return change(fields, attributes_of(current));
}

}  // namespace

Evaluation evaluate(const Operation& operation, const Record* current, Time now, Version version,
                    absl::FunctionRef<std::string()> draw_id) {
  if (is_companion_verb(operation.verb)) {
    return evaluate_companion(operation, current, now, version);
  }
  if (operation.verb == Verb::kCreate) return create(operation, current, now, version);
  // A tombstone even for an absent id: a copy of it may still be under way to somebody.
  if (operation.verb == Verb::kRevoke) {
    return {.entries = entries_of(operation.id, RecordRef()),
            .cause = current ? operation.cause : Cause::kNothing};
  }

  if (!current) return refuse(absl::NotFoundError("no such session"));
  if (operation.expected_version && *operation.expected_version != current->version()) {
    return refuse(absl::AbortedError("another update came first"));
  }
  if (current->phase() != Phase::kLogin &&
      (operation.verb == Verb::kEraseTab || has_tabs(operation.steps))) {
    return refuse(absl::FailedPreconditionError("the session is authenticated and has no tabs"));
  }
  const session::IdText id = current->id();
  RecordFields fields = fields_of(*current, id, now, version);
  std::vector<TabView> tabs = tabs_of(*current);
  fields.tabs = tabs;
  const std::vector<std::string_view> labels = labels_of(*current, operation.labels);
  fields.labels = labels;
  switch (operation.verb) {
    case Verb::kUpdate:
      return change(fields, views_of(operation.attributes));
    case Verb::kPatch: {
      std::vector<AttributeView> attributes = attributes_of(*current);
      apply(operation.steps, attributes);
      apply_to_tabs(tabs, operation.steps);
      fields.tabs = tabs;
      fields.shortened_to = shorten(fields, operation.time_left, now);
      return change(fields, attributes);
    }
    case Verb::kEraseTab:
      return without_tab(operation, *current, fields, tabs);
    case Verb::kRotate:
      return rename(fields, attributes_of(*current), operation.overlap, draw_id);
    case Verb::kAuthenticate: {
      if (current->phase() != Phase::kLogin) {
        return refuse(absl::FailedPreconditionError("the session is authenticated already"));
      }
      if (operation.overtaken) return refuse(overtaken());
      if (labels.size() > kLabelsMax) {
        return refuse(absl::ResourceExhaustedError("the session would have more than 8 labels"));
      }
      std::vector<AttributeView> attributes = attributes_of(*current);
      apply(operation.steps, attributes);
      fields.phase = Phase::kActive;
      fields.subject = operation.subject;
      fields.lifetime = operation.lifetime;
      fields.created_at = now;
      fields.tabs = {};
      fields.remembered = operation.remembered;
      fields.shortened_to.reset();
      fields.shortened_to = shorten(fields, operation.time_left, now);
      Evaluation evaluation =
          operation.keep_id ? change(fields, attributes) : rename(fields, attributes, {}, draw_id);
      evaluation.cause = Cause::kAuthenticated;
      return evaluation;
    }
    case Verb::kCreate:
    case Verb::kRevoke:
    case Verb::kGet:
    case Verb::kTouch:
    default:
      break;
  }
  return refuse(absl::InternalError("not a mutation"));
}

}  // namespace sojourn::replication
