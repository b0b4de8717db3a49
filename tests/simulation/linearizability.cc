#include "simulation/linearizability.h"

#include "simulation/search.h"
#include "simulation/session_model.h"

namespace sojourn::simulation {

Verdict check_linearizable(const History& history, const CheckOptions& options) {
  return search_order<SessionModel>(history, options);
}

}  // namespace sojourn::simulation
