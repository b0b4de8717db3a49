#pragma once

#include <cstdint>
#include <string>

#include "simulation/history.h"
#include "simulation/session_model.h"

namespace sojourn::simulation {

struct CheckOptions {
  Tolerance tolerance = {};
  // Orders to try before giving up.
  std::uint64_t steps_max = 2'000'000;
};

struct Verdict {
  enum class Kind : std::uint8_t { kLinearizable, kViolation, kUndecided };
  Kind kind = Kind::kLinearizable;
  // Otherwise: the whole history, how far it could be ordered, and what did not fit then.
  std::string explanation = {};
};

// Whether the calls of one lineage can be put into an order that respects time (a call that
// returned before another was called comes first) and in which each call ends as SessionModel says.
//
// The search is that of Wing and Gong with Lowe's memory of what was tried already, as in
// Porcupine: the same calls done and the same state reached need to be looked at once, in whichever
// order they came. Calls whose outcome is unknown may be left out of the order.
Verdict check_linearizable(const History& history, const CheckOptions& options = {});

}  // namespace sojourn::simulation
