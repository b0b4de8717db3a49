#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "sojournctl/lb/balancer.h"

namespace sojournctl {

// Three nodes, of which one's name begins another's.
inline Balancer three_nodes() {
  Balancer balancer;
  balancer.cluster.nodes = {{"auth-0", {"10.0.0.1", 8080}},
                            {"auth-1", {"10.0.0.2", 8080}},
                            {"auth-10", {"10.0.0.3", 8080}}};
  balancer.listen = Address{"127.0.0.1", 8000};
  return balancer;
}

inline absl::StatusOr<std::string> written(std::string_view target, const Balancer& balancer) {
  const auto found = target_named(target);
  if (!found.ok()) return found.status();
  return write_configuration(*found, balancer);
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The line that holds `part`, without blanks at its ends; empty if none does.
inline std::string line_with(std::string_view text, std::string_view part) {
  const auto at = text.find(part);
  if (at == std::string_view::npos) return {};
  const auto begin = text.rfind('\n', at) + 1;
  std::string_view line = text.substr(begin, text.find('\n', at) - begin);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  return std::string(line);
}

}  // namespace sojournctl
