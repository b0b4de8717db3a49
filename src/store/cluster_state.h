#pragma once

#include <memory>
#include <vector>

#include "ring/roles.h"
#include "sojourn/cluster_state.h"

namespace sojourn::store {

// What users are told of the roles; nothing of none. `connected` is of the members of their view.
ClusterState cluster_state_of(std::shared_ptr<const ring::Roles> roles,
                              std::vector<bool> connected);

}  // namespace sojourn::store
