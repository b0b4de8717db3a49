#include "membership/leases.h"

#include <algorithm>
#include <vector>

#include "membership/quorum.h"

namespace sojourn::membership {
namespace {

Duration longer(Duration lease) { return lease + lease / 10; }
Duration shorter(Duration lease) { return lease - lease / 10; }

}  // namespace

void Leases::install(Time now) {
  if (rules_.keep(Rule::kGrantsOfThisEpoch)) granted_until_.clear();
  calm_until_ = now + longer(lease_);
  std::erase_if(promised_until_, [&](const auto& promise) { return promise.second <= now; });
}

void Leases::grant(Time now, Incarnation to) { promised_until_[to] = now + longer(lease_); }

bool Leases::may_drop(Time now, Incarnation member) const { return may_drop_from(member) <= now; }

Time Leases::may_drop_from(Incarnation member) const {
  Time from = rules_.keep(Rule::kCalmAfterInstall) ? calm_until_ : Time::min();
  const auto promise = promised_until_.find(member);
  if (promise != promised_until_.end() && rules_.keep(Rule::kExclusionWaits)) {
    from = std::max(from, promise->second);
  }
  return from;
}

void Leases::granted(Incarnation by, Time asked) {
  Time& until = granted_until_.try_emplace(by, Time::min()).first->second;
  until = std::max(until, asked + shorter(lease_));
}

Time Leases::granted_until(Incarnation by) const {
  const auto grant = granted_until_.find(by);
  return grant == granted_until_.end() ? Time::min() : grant->second;
}

Time Leases::held_until(const View& view) const {
  if (!rules_.keep(Rule::kLease)) return Time::max();
  // The latest time at which those whose grants last as long are a quorum.
  std::vector<Time> ends;
  for (const auto& [incarnation, until] : granted_until_) ends.push_back(until);
  std::sort(ends.rbegin(), ends.rend());
  for (const Time end : ends) {
    if (is_quorum(view, [&](const Member& member) {
          return granted_until(Incarnation{member.incarnation}) >= end;
        })) {
      return end;
    }
  }
  return Time::min();
}

}  // namespace sojourn::membership
