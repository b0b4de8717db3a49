#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "discovery/discovery.h"
#include "sojourn/discovery.h"

namespace sojourn::discovery {

// Finds whom DNS knows, as DnsOptions says. The options must have passed check_dns_options().
std::unique_ptr<Discovery> make_dns(const DnsOptions& options, std::function<Time()> now);

}  // namespace sojourn::discovery
