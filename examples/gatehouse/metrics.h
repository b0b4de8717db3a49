#pragma once

#include <sojourn/store.h>

#include "gatehouse/http/response.h"

namespace gatehouse {

// Everything that the store counts, as Prometheus reads it. 404 if the library was built without
// its Prometheus component.
Response metrics_answer(const sojourn::Store& store);

}  // namespace gatehouse
