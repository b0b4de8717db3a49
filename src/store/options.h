#pragma once

#include <absl/status/status.h>

#include <vector>

#include "sojourn/options.h"
#include "transport/transport.h"

namespace sojourn::store {

// OK, or kInvalidArgument with a message that begins with the option's name and says what it should
// be. Looks at nothing but the options: no file is read and no name is resolved.
absl::Status check_options(const StoreOptions& options);

// See Store::check().
absl::Status check(const StoreOptions& options);

// This member: as the list of members says, or else the options themselves.
MemberOptions self_of(const StoreOptions& options);

// The other members that are known from the start.
std::vector<transport::Peer> peers_of(const StoreOptions& options);

// How many members the first view needs.
std::uint32_t bootstrap_expect(const StoreOptions& options);

// Where this member listens.
std::string listen_address(const StoreOptions& options);

}  // namespace sojourn::store
