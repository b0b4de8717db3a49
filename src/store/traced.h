#pragma once

#include <memory>

#include "replication/operation.h"
#include "runtime/host.h"
#include "sojourn/tracing.h"

namespace sojourn::store {

// Begins the span of a call that was not answered on its caller's thread; to be called there. Null
// if the tracer does not record it.
std::unique_ptr<Span> begin_span(Tracer& tracer, replication::Verb verb);

// Ends the span, then completes as `done` does.
runtime::Host::Completion ending(std::unique_ptr<Span> span, runtime::Host::Completion done);

}  // namespace sojourn::store
