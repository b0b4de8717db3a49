// Compiles the adapter, where opentelemetry-cpp is.
#include <sojourn/options.h>

#include "tracing/opentelemetry_tracer.h"

// How a store gets it.
sojourn::StoreOptions traced(sojourn::StoreOptions options) {
  options.tracer = std::make_shared<OpenTelemetryTracer>();
  return options;
}
