#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "discovery/bell.h"
#include "discovery/discovery.h"
#include "sojourn/discovery.h"

namespace sojourn::discovery {

// Asks DNS once, on the calling thread, and waits for the answer: not longer than a few seconds,
// and not after the bell has rung. kNotFound if there are no such records; kUnavailable if nobody
// answers in time, or not in a form that makes sense; kCancelled if the bell rang. Messages name
// what was asked for. An answer is not empty.
absl::StatusOr<std::vector<Found>> ask_dns(const DnsOptions& options, const Bell& bell);

}  // namespace sojourn::discovery
