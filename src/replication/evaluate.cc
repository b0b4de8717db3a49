#include "replication/evaluate.h"

#include <algorithm>
#include <utility>

#include "session/limits.h"

namespace sojourn::replication {
namespace {

using session::AttributeView;
using session::Record;
using session::RecordFields;
using session::RecordRef;

Evaluation refuse(absl::Status status) { return {.status = std::move(status)}; }

std::vector<AttributeView> views_of(const Record& record) {
  std::vector<AttributeView> views;
  views.reserve(record.attribute_count());
  record.for_each_attribute([&](std::string_view name, std::string_view value) {
    views.push_back({name, value});
  });
  return views;
}

std::vector<AttributeView> views_of(const std::vector<Attribute>& attributes) {
  std::vector<AttributeView> views;
  views.reserve(attributes.size());
  for (const Attribute& attribute : attributes) views.push_back({attribute.name, attribute.value});
  return views;
}

void apply(const std::vector<Patch::Step>& steps, std::vector<AttributeView>& attributes) {
  for (const Patch::Step& step : steps) {
    const auto found =
        std::lower_bound(attributes.begin(), attributes.end(), std::string_view(step.name),
                         [](const AttributeView& attribute, std::string_view name) {
                           return attribute.name < name;
                         });
    const bool there = found != attributes.end() && found->name == step.name;
    if (!step.value) {
      if (there) attributes.erase(found);
    } else if (there) {
      found->value = *step.value;
    } else {
      attributes.insert(found, {step.name, *step.value});
    }
  }
}

absl::Status check_size(const RecordFields& fields) {
  std::size_t payload = fields.subject.size();
  for (const AttributeView& attribute : fields.attributes) {
    payload += attribute.name.size() + attribute.value.size();
  }
  return session::check_size(fields.attributes.size(), payload);
}

// The session as `current` is, used now.
RecordFields fields_of(const Record& current, Time now, Version version) {
  return {.id = current.id(),
          .phase = current.phase(),
          .subject = current.subject(),
          .lifetime = current.lifetime(),
          .version = version,
          .created_at = current.created_at(),
          .last_seen = now};
}

Evaluation create(const Operation& operation, const Record* current, Time now, Version version) {
  if (current) return refuse(absl::AbortedError("the id is taken"));
  const std::vector<AttributeView> attributes = views_of(operation.attributes);
  RecordRef made = Record::make({.id = operation.id,
                                 .phase = operation.phase,
                                 .subject = operation.subject,
                                 .lifetime = operation.lifetime,
                                 .version = version,
                                 .created_at = now,
                                 .last_seen = now,
                                 .attributes = attributes});
  return {.entries = {{operation.id, made}}, .answer = made};
}

// The session under the same id with other contents.
Evaluation change(RecordFields fields, const std::vector<AttributeView>& attributes) {
  fields.attributes = attributes;
  if (absl::Status status = check_size(fields); !status.ok()) return refuse(std::move(status));
  RecordRef made = Record::make(fields);
  return {.entries = {{std::string(fields.id), made}}, .answer = made};
}

// The session under a new id, and the old id dead.
Evaluation rename(RecordFields fields, const std::vector<AttributeView>& attributes,
                  absl::FunctionRef<std::string()> draw_id) {
  std::string old_id(fields.id);
  std::string new_id = draw_id();
  fields.id = new_id;
  Evaluation evaluation = change(fields, attributes);
  if (evaluation.status.ok()) evaluation.entries.push_back({std::move(old_id), RecordRef()});
  return evaluation;
}

}  // namespace

Evaluation evaluate(const Operation& operation, const Record* current, Time now, Version version,
                    absl::FunctionRef<std::string()> draw_id) {
  if (operation.verb == Verb::kCreate) return create(operation, current, now, version);
  // A tombstone even for an absent id: a copy of it may still be under way to somebody.
  if (operation.verb == Verb::kRevoke) return {.entries = {{operation.id, RecordRef()}}};

  if (!current) return refuse(absl::NotFoundError("no such session"));
  if (operation.expected_version && *operation.expected_version != current->version()) {
    return refuse(absl::AbortedError("another update came first"));
  }
  RecordFields fields = fields_of(*current, now, version);
  switch (operation.verb) {
    case Verb::kUpdate:
      return change(fields, views_of(operation.attributes));
    case Verb::kPatch: {
      std::vector<AttributeView> attributes = views_of(*current);
      apply(operation.steps, attributes);
      return change(fields, attributes);
    }
    case Verb::kRotate:
      return rename(fields, views_of(*current), draw_id);
    case Verb::kAuthenticate: {
      if (current->phase() != Phase::kLogin) {
        return refuse(absl::FailedPreconditionError("the session is authenticated already"));
      }
      std::vector<AttributeView> attributes = views_of(*current);
      apply(operation.steps, attributes);
      fields.phase = Phase::kActive;
      fields.subject = operation.subject;
      fields.lifetime = operation.lifetime;
      fields.created_at = now;
      return rename(fields, attributes, draw_id);
    }
    case Verb::kCreate:
    case Verb::kRevoke:
    case Verb::kGet:
    case Verb::kTouch:
      break;
  }
  return refuse(absl::InternalError("not a mutation"));
}

}  // namespace sojourn::replication
