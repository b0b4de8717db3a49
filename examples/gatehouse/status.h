#pragma once

#include <sojourn/health.h>
#include <sojourn/metrics.h>

#include <string>
#include <string_view>

#include "gatehouse/http/response.h"
#include "gatehouse/portal/counters.h"

namespace gatehouse {

// Whether a stage of health is reached, for probes: 200 with its name, or 503 with the reason why
// not.
Response stage_answer(bool reached, std::string_view stage, std::string_view reason);

// What balancers, orchestrators and operators ask.

// GET /readyz: 200 if requests should come here, otherwise 503 with the reason. A second line tells
// the view, and whether this member may stop without costing anybody a copy.
Response readiness_answer(const sojourn::Health& health, bool is_stopping,
                          const sojourn::Metrics& metrics);

// GET /status: health and all counters as JSON.
Response status_answer(std::string_view node, const sojourn::Health& health, bool is_stopping,
                       const sojourn::Metrics& metrics, const Counters& counters);

}  // namespace gatehouse
