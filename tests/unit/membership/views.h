#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ring/layout.h"
#include "sojourn/view.h"

namespace sojourn::membership {

// View 1 of members a, b, c, ... whose incarnations are 1, 2, 3, ..., all admitted together.
View view_of(std::size_t members, std::uint32_t segments = 16, std::uint32_t copies = 2);

// The layout of that view in which everybody holds what it should.
ring::Layout layout_of(View view);

// The members' names in order, joined by spaces; those that leave in brackets.
std::string names_of(const View& view);

}  // namespace sojourn::membership
