#pragma once

#include <absl/status/status.h>

#include "sojourn/discovery.h"

namespace sojourn::discovery {

// OK, or kInvalidArgument with a message that names the option and says what it should be. Nobody
// is asked.
absl::Status check_dns_options(const DnsOptions& options);

}  // namespace sojourn::discovery
