#pragma once

#include <memory>
#include <vector>

#include "discovery/discovery.h"

namespace sojourn::discovery {

// Finds these, once, during start() and on its thread.
std::unique_ptr<Discovery> make_fixed_list(std::vector<Found> found);

}  // namespace sojourn::discovery
