#pragma once

#include <cstdint>
#include <string_view>

namespace sojourn::wire {

// What is wrong with something that came from outside, in words that repeat nothing of it; null if
// all is well.
using Wrong = const char*;

// Whether a cluster, a member or a zone may have that name: [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?.
bool is_name(std::string_view name);

bool is_address(std::string_view address);

Wrong check_shape(std::uint32_t segments, std::uint32_t copies);

}  // namespace sojourn::wire
