#pragma once

#include <absl/status/status.h>

#include <vector>

#include "sojourn/options.h"
#include "sojourn/view.h"

namespace sojourn::store {

// OK, or kInvalidArgument with a message that names the option and says what it should be. Looks at
// nothing but the options: no file is read and no name is resolved.
absl::Status check_options(const StoreOptions& options);

// The fixed list as the view knows members: ordered by name, incarnations not known yet.
std::vector<Member> members_of(const StoreOptions& options);

// Where this member listens.
std::string listen_address(const StoreOptions& options);

}  // namespace sojourn::store
