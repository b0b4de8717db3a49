#pragma once

#include <absl/status/status.h>
#include <sojourn/v1/admin.pb.h>

#include <cstdint>

#include "sojournctl/lb/cluster_description.h"

namespace sojournctl {

// Adds the members of the view as nodes: each at the host of its address, with that port. Members
// that are there already, by name, stay where they are; those that are leaving are drained.
// Witnesses hold no sessions, so no cookie names them, and they are left out. kInvalidArgument,
// naming what is missing, if the port is needed and 0, or there is no view yet.
absl::Status add_members(const sojourn::v1::Snapshot& snapshot, std::uint16_t port,
                         ClusterDescription& cluster);

}  // namespace sojournctl
