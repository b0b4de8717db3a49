#include "store/companions.h"

#include <algorithm>
#include <utility>

namespace sojourn::store {
namespace {

using replication::Operation;
using replication::Result;
using replication::Verb;
using session::Kind;

absl::StatusOr<Operation> about(Verb verb, Kind kind, std::string_view name) {
  if (absl::Status status = session::check_companion_name(name); !status.ok()) return status;
  return Operation{
      .verb = verb, .id = std::string(session::CompanionId(kind, name).text()), .touch = false};
}

absl::StatusOr<Operation> lasting(std::chrono::seconds lifetime,
                                  absl::StatusOr<Operation> operation) {
  if (!operation.ok()) return operation;
  if (absl::Status status = session::check_companion_lifetime(lifetime); !status.ok()) {
    return status;
  }
  operation->lifetime = {.idle = lifetime, .absolute = lifetime};
  return operation;
}

}  // namespace

absl::StatusOr<Operation> put_once(std::string_view name, std::string value,
                                   std::chrono::seconds lifetime) {
  if (absl::Status status = session::check_single_use_value(value); !status.ok()) return status;
  auto operation = lasting(lifetime, about(Verb::kPutOnce, Kind::kSingleUse, name));
  if (operation.ok()) operation->value = std::move(value);
  return operation;
}

absl::StatusOr<Operation> take(std::string_view name) {
  return about(Verb::kTake, Kind::kSingleUse, name);
}

absl::StatusOr<Operation> look(Kind kind, std::string_view name) {
  return about(Verb::kLook, kind, name);
}

absl::StatusOr<Operation> add(std::string_view name, std::uint64_t amount,
                              std::chrono::seconds lifetime) {
  if (absl::Status status = session::check_amount(amount); !status.ok()) return status;
  auto operation = lasting(lifetime, about(Verb::kAdd, Kind::kCounter, name));
  if (operation.ok()) operation->amount = amount;
  return operation;
}

absl::StatusOr<Operation> reset_counter(std::string_view name) {
  return about(Verb::kResetCounter, Kind::kCounter, name);
}

absl::StatusOr<Operation> revoke_token(std::string_view token_id, std::chrono::seconds lifetime) {
  return lasting(lifetime, about(Verb::kRevokeToken, Kind::kRevokedToken, token_id));
}

absl::StatusOr<std::string> value_of(const Result& result) {
  if (absl::IsNotFound(result.status)) return absl::NotFoundError("no such value");
  if (!result.status.ok()) return result.status;
  if (!result.record) return absl::InternalError("the answer has no value");
  return std::string(session::content_of(*result.record));
}

absl::StatusOr<Counter> counter_of(const Result& result, Time now) {
  if (absl::IsNotFound(result.status)) return Counter();
  if (!result.status.ok()) return result.status;
  if (!result.record) return absl::InternalError("the answer has no count");
  const Duration remaining = std::max(session::ends_at(*result.record) - now, Duration::zero());
  return Counter{.count = session::count_of(*result.record),
                 .remaining = std::chrono::duration_cast<std::chrono::milliseconds>(remaining)};
}

absl::StatusOr<bool> revoked_of(const Result& result) {
  if (absl::IsNotFound(result.status)) return false;
  if (!result.status.ok()) return result.status;
  return true;
}

}  // namespace sojourn::store
