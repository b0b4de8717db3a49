#pragma once

#include <sojourn/health.h>

#include <chrono>
#include <functional>
#include <string_view>

#include "gatehouse/http/exchange.h"

namespace gatehouse {

// How long GET /safe may wait.
inline constexpr std::chrono::seconds kSafeWaitMax(300);

// Answers whether this member may stop: 200 once it is safe, 503 with the reason if it is not
// within `wait`, or when `is_stopping` becomes true. What runs before a stop, a preStop hook of
// Kubernetes for example, asks this and needs no program of its own. Both functions are called on
// the exchange's executor until it is answered.
void answer_when_safe(const ExchangePtr& exchange, std::chrono::seconds wait,
                      std::function<sojourn::Health()> health, std::function<bool()> is_stopping);

// The whole seconds that a query's `wait` asks for, as in "wait=60", at most kSafeWaitMax; none if
// it does not.
std::chrono::seconds safe_wait_of(std::string_view query);

}  // namespace gatehouse
