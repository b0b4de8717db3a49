#include "replication/memo.h"

#include <utility>

namespace sojourn::replication {

Memo::Standing Memo::standing(OperationId operation) const {
  const auto caller = callers_.find(operation.caller);
  if (caller == callers_.end()) return Standing::kNew;
  if (operation.number < caller->second.settled) return Standing::kStale;
  const auto found = caller->second.operations.find(operation.number);
  if (found == caller->second.operations.end()) return Standing::kNew;
  return found->second ? Standing::kDone : Standing::kRunning;
}

const Result& Memo::result(OperationId operation) const {
  return *callers_.at(operation.caller).operations.at(operation.number);
}

void Memo::begin(OperationId operation) {
  callers_[operation.caller].operations.emplace(operation.number, std::nullopt);
}

void Memo::finish(OperationId operation, Result result) {
  Caller& caller = callers_[operation.caller];
  if (operation.number < caller.settled) return;
  caller.operations.insert_or_assign(operation.number, std::move(result));
}

void Memo::settle(Incarnation caller, std::uint64_t number) {
  Caller& state = callers_[caller];
  if (number <= state.settled) return;
  state.settled = number;
  state.operations.erase(state.operations.begin(), state.operations.lower_bound(number));
}

std::size_t Memo::size() const {
  std::size_t size = 0;
  for (const auto& [incarnation, caller] : callers_) size += caller.operations.size();
  return size;
}

}  // namespace sojourn::replication
