#pragma once

#include <vector>

namespace sojourn::support {

// So many different TCP ports on 127.0.0.1 that nobody listens on now. The kernel hands them out
// again only after all others, so they stay free for the moment that a test needs.
std::vector<int> free_ports(int count);

}  // namespace sojourn::support
