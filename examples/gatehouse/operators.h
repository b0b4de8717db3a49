#pragma once

#include <sojourn/store.h>

#include "gatehouse/router.h"

namespace gatehouse {

// What operators order, on an address of their own that only this machine reaches:
//
//   POST /recover             goes on without the members that were lost: Store::async_recover
//   POST /acknowledge_losses  takes note of lost sessions: Store::acknowledge_losses
//
// Requests of browsers are refused, so that no page can give these orders for somebody who looks at
// it on this machine. The store must outlive the router.
void add_operator_routes(Router& router, sojourn::Store& store);

}  // namespace gatehouse
