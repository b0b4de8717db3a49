#pragma once

#include <absl/status/status.h>

namespace sojourn::runtime {

// How calls end that the end of the store has overtaken.
inline absl::Status closed() { return absl::CancelledError("the store was closed"); }

}  // namespace sojourn::runtime
