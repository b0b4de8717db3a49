#pragma once

#include <sojourn/v1/admin.pb.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "node/holdings.h"
#include "replication/messages.h"
#include "ring/roles.h"
#include "sojourn/health.h"
#include "sojourn/metrics.h"
#include "sojourn/session.h"

namespace sojourn::admin {

// What the store knows, as proto/sojourn/v1/admin.proto says it. Pure functions.

// `roles`: null before the first view. Whether members are connected is left open.
v1::Snapshot snapshot_of(const Health& health, const Metrics& metrics, const ring::Roles* roles);

v1::OwnerReply owner_of(const ring::Roles& roles, std::string_view id);

// `owner`: of the member that owns it.
v1::SessionSummary summary_of(const replication::Copy& copy, Time now, bool with_id);

v1::Digest digest_of(const node::Holding& holding);

v1::ExportedSession exported_session(const replication::Copy& copy, Time now);

// What to make of an exported session; kInvalidArgument if it is beyond the bounds of sessions.
// `id` has to be checked by the caller.
absl::StatusOr<NewSession> new_session(const v1::ExportedSession& exported);

}  // namespace sojourn::admin
