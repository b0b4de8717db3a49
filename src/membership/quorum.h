#pragma once

#include <absl/functional/function_ref.h>

#include "base/ids.h"
#include "sojourn/view.h"

namespace sojourn::membership {

// The member that has been in the cluster for longest. The view has members.
const Member& oldest(const View& view);

// Whether those of the view's members for which `votes` answers true may decide: more than half of
// them, or exactly half with the oldest among them. Any two such groups have a member in common,
// which is all that the safety of views and leases rests on.
bool is_quorum(const View& view, absl::FunctionRef<bool(const Member&)> votes);

// Whether `a` is older than `b` in one view.
bool is_older(const Member& a, const Member& b);

// The member with that incarnation, or null.
const Member* find(const View& view, Incarnation incarnation);

}  // namespace sojourn::membership
