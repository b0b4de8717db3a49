#pragma once

#include <absl/functional/function_ref.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "sojourn/session_id.h"

namespace sojourn::session {

// A fresh id: 32 base64url characters, 192 random bits.
std::string draw_id(Random& random);

// A fresh id of which `fits` is true. Draws its last eight characters again until it is, so that
// every bit stays random but those that `fits` decides; gives the last one drawn after
// `attempts_max`, so it always ends.
std::string draw_id_until(Random& random, std::uint32_t attempts_max,
                          absl::FunctionRef<bool(std::string_view)> fits);

// The same by searching only the last five characters from a random start: one drawing, then one
// call of `fits` for each candidate. For conditions that few ids fulfil, such as one segment among
// thousands; 162 bits stay as drawn.
std::string search_id(Random& random, absl::FunctionRef<bool(std::string_view)> fits);

}  // namespace sojourn::session
