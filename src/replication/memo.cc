#include "replication/memo.h"

#include <utility>

namespace sojourn::replication {

Memo::Standing Memo::standing(OperationId operation) const {
  const auto caller = callers_.find(operation.caller);
  if (caller == callers_.end()) return Standing::kNew;
  if (operation.number < caller->second.settled) return Standing::kStale;
  const Operations& operations = caller->second.operations;
  // Most are newer than all that are known.
  if (operations.empty() || operations.rbegin()->first < operation.number) return Standing::kNew;
  const auto found = operations.find(operation.number);
  if (found == operations.end()) return Standing::kNew;
  return found->second.result ? Standing::kDone : Standing::kRunning;
}

bool Memo::is_news(OperationId operation, std::uint64_t epoch) const {
  switch (standing(operation)) {
    case Standing::kNew:
    case Standing::kRunning:
      return true;
    case Standing::kDone:
      return callers_.at(operation.caller).operations.at(operation.number).epoch < epoch;
    case Standing::kStale:
      break;
  }
  return false;
}

const Result& Memo::result(OperationId operation) const {
  return *callers_.at(operation.caller).operations.at(operation.number).result;
}

void Memo::begin(OperationId operation) {
  spare_.add(callers_[operation.caller].operations, operation.number, Outcome());
}

void Memo::abandon(OperationId operation) {
  const auto caller = callers_.find(operation.caller);
  if (caller == callers_.end()) return;
  const auto found = caller->second.operations.find(operation.number);
  if (found == caller->second.operations.end() || found->second.result) return;
  caller->second.operations.erase(found);
}

bool Memo::finish(OperationId operation, SegmentId segment, std::uint64_t epoch, Result result) {
  auto caller = callers_.find(operation.caller);
  if (caller != callers_.end() && operation.number < caller->second.settled) return false;
  // Nobody is left who could ask.
  if (!knows(operation.caller)) return true;
  if (caller == callers_.end()) caller = callers_.try_emplace(operation.caller).first;
  Operations& operations = caller->second.operations;
  const bool newest = operations.empty() || operations.rbegin()->first < operation.number;
  auto at = newest ? operations.end() : operations.find(operation.number);
  if (at == operations.end()) at = spare_.add(operations, operation.number);
  at->second = {.segment = segment, .epoch = epoch, .result = std::move(result)};
  return true;
}

std::uint64_t Memo::settled(Incarnation caller) const {
  const auto found = callers_.find(caller);
  return found == callers_.end() ? 0 : found->second.settled;
}

void Memo::settle(Incarnation caller, std::uint64_t number) {
  Caller& state = callers_[caller];
  if (number <= state.settled) return;
  state.settled = number;
  while (!state.operations.empty() && state.operations.begin()->first < number) {
    spare_.erase(state.operations, state.operations.begin());
  }
}

void Memo::keep_only(std::set<Incarnation> callers) {
  known_callers_ = std::move(callers);
  std::erase_if(callers_,
                [&](const auto& caller) { return !known_callers_.contains(caller.first); });
}

std::vector<Remembered> Memo::of_segments(const std::set<SegmentId>& segments) const {
  std::vector<Remembered> remembered;
  for (const auto& [caller, state] : callers_) {
    for (const auto& [number, outcome] : state.operations) {
      if (!outcome.result || !outcome.result->status.ok()) continue;
      if (!segments.contains(outcome.segment)) continue;
      remembered.push_back({{caller, number}, outcome.segment, *outcome.result});
    }
  }
  return remembered;
}

void Memo::replace(const std::set<SegmentId>& segments, std::uint64_t epoch,
                   const std::vector<Remembered>& remembered) {
  for (auto& [caller, state] : callers_) {
    std::erase_if(state.operations, [&](const auto& operation) {
      const Outcome& outcome = operation.second;
      return outcome.result && outcome.epoch < epoch && segments.contains(outcome.segment);
    });
  }
  for (const Remembered& one : remembered) {
    if (!segments.contains(one.segment) || standing(one.operation) != Standing::kNew) continue;
    if (!known_callers_.contains(one.operation.caller)) continue;
    finish(one.operation, one.segment, epoch, one.result);
  }
}

std::size_t Memo::size() const {
  std::size_t size = 0;
  for (const auto& [incarnation, caller] : callers_) size += caller.operations.size();
  return size;
}

}  // namespace sojourn::replication
