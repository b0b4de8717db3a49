#pragma once

#include <cstddef>

namespace sojourn::runtime {

// Half of the memory that this process may use: of the smallest memory limit of its cgroup (v2 or
// v1), or of the machine when there is none.
std::size_t default_memory_bytes();

}  // namespace sojourn::runtime
