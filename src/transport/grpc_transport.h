#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sojourn/options.h"
#include "sojourn/view.h"
#include "transport/security.h"
#include "transport/transport.h"

namespace sojourn::transport {

// A transport over gRPC: one bidirectional stream between each two members, which the member with
// the smaller name dials, and dials again when it breaks. Who is who is settled by metadata when
// the stream begins, and by certificates where TLS is on.
//
// `members` are all members, this one included; `incarnation` is this process. kUnavailable when
// `listen` cannot be listened on; kFailedPrecondition when TLS files cannot be used. A member alone
// in its list does not listen.
absl::StatusOr<std::unique_ptr<Transport>> open_transport(const StoreOptions& options,
                                                          std::vector<Member> members,
                                                          std::string listen,
                                                          Incarnation incarnation,
                                                          std::function<Time()> now, Events events);

}  // namespace sojourn::transport
