#include "replication/evaluate_companion.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "session/companion.h"

namespace sojourn::replication {
namespace {

using session::CompanionFields;
using session::CountContent;
using session::Record;
using session::RecordRef;

Evaluation leave(const CompanionFields& fields) {
  return {.entries = entries_of(std::string(fields.id), session::make_companion(fields))};
}

// What the operation makes if there is nothing yet, without a content.
CompanionFields made_now(const Operation& operation, Time now, Version version) {
  return {.id = operation.id,
          .lifetime = operation.lifetime.absolute,
          .version = version,
          .created_at = now};
}

Evaluation put_once(const Operation& operation, const Record* current, Time now, Version version) {
  if (current) return refuse(absl::AbortedError("a value of that name is there already"));
  CompanionFields fields = made_now(operation, now, version);
  fields.content = operation.value;
  return leave(fields);
}

Evaluation take(const Operation& operation, const Record* current, Time now) {
  if (!current) return refuse(absl::NotFoundError("no such value"));
  // A copy, because the record itself is in a table.
  RecordRef taken = Record::with_version(*current, current->version(), now);
  return {.entries = {{.id = operation.id, .taken = taken}}, .answer = taken};
}

// The time counts from the first addition: else one failure now and then would lock an account for
// ever.
Evaluation add(const Operation& operation, const Record* current, Time now, Version version) {
  CompanionFields fields = made_now(operation, now, version);
  std::uint64_t count = operation.amount;
  if (current) {
    const std::uint64_t before = session::count_of(*current);
    if (count > kCountMax - before) {
      return refuse(absl::ResourceExhaustedError("the count would be beyond 2^63 - 1"));
    }
    count += before;
    fields.lifetime = current->lifetime().absolute;
    fields.created_at = current->created_at();
  }
  const CountContent content(count);
  fields.content = content.text();
  Evaluation evaluation = leave(fields);
  evaluation.answer = evaluation.entries.front().record;
  return evaluation;
}

// Whoever revokes it for longer decides: nothing may end a revocation before its time.
Evaluation revoke_token(const Operation& operation, const Record* current, Time now,
                        Version version) {
  CompanionFields fields = made_now(operation, now, version);
  if (current && session::ends_at(*current) > now + fields.lifetime) {
    fields.lifetime = current->lifetime().absolute;
    fields.created_at = current->created_at();
  }
  return leave(fields);
}

}  // namespace

Evaluation evaluate_companion(const Operation& operation, const Record* current, Time now,
                              Version version) {
  switch (operation.verb) {
    case Verb::kPutOnce:
      return put_once(operation, current, now, version);
    case Verb::kTake:
      return take(operation, current, now);
    case Verb::kAdd:
      return add(operation, current, now, version);
    case Verb::kResetCounter:
      // A tombstone even for what is absent, as for a session that is revoked.
      return {.entries = entries_of(operation.id, RecordRef())};
    case Verb::kRevokeToken:
      return revoke_token(operation, current, now, version);
    default:
      return refuse(absl::InternalError("not a mutation of a companion"));
  }
}

}  // namespace sojourn::replication
