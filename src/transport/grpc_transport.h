#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sojourn/options.h"
#include "transport/security.h"
#include "transport/service.h"
#include "transport/transport.h"

namespace sojourn::transport {

// How this process appears among the members.
struct Presence {
  Incarnation incarnation = {};
  // Where it listens: host:port with a numeric host. Empty: nowhere, which only a member that stays
  // alone can do.
  std::string listen = {};
  // Where the others reach it: host:port. Empty: they have to know already.
  std::string address = {};
  // The members to be connected with at first: as for Transport::set_peers().
  std::vector<Peer> peers = {};
  // Another service that is offered where it listens; null: none. It must outlive the transport,
  // and finish its calls by itself when they are cancelled.
  Service* beside = nullptr;
};

// A transport over gRPC: one bidirectional stream between each two members, which the member with
// the smaller name dials, and dials again when it breaks. Who is who is settled by metadata when
// the stream begins, and by certificates where TLS is on. Of the options it reads the names, those
// of security and the bound of a peer's queue.
//
// kUnavailable when `listen` cannot be listened on; kFailedPrecondition when TLS files cannot be
// used; kInvalidArgument when there are peers and nothing to listen on.
absl::StatusOr<std::unique_ptr<Transport>> open_transport(const StoreOptions& options,
                                                          Presence presence,
                                                          std::function<Time()> now, Events events);

}  // namespace sojourn::transport
