#pragma once

#include "base/time.h"
#include "replication/evaluate.h"
#include "replication/operation.h"
#include "session/record.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// evaluate() for the verbs of companions. Names are used again, unlike session ids: what is put
// under one that was taken, reset or has expired is new and has a later version.
Evaluation evaluate_companion(const Operation& operation, const session::Record* current, Time now,
                              Version version);

}  // namespace sojourn::replication
