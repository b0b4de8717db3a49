#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "sojournctl/lb/balancer.h"

// What writes the configurations, each in a file of its own.
namespace sojournctl {

absl::StatusOr<std::string> write_haproxy(const Balancer& balancer);

}  // namespace sojournctl
