#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "base/time.h"

namespace sojourn::transport {

// Decides which refusals are reported: the same words about one peer once in ten seconds. Both come
// from outside, so there is a bound on how many different ones are reported, too. Not safe from
// several threads.
class Refusals {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(10);
  static constexpr std::size_t kInIntervalMax = 100;

  bool is_news(const std::string& peer, const std::string& reason, Time now) {
    std::erase_if(reported_, [&](const auto& entry) { return now - entry.second >= kInterval; });
    if (reported_.size() >= kInIntervalMax) return false;
    return reported_.emplace(std::pair(peer, reason), now).second;
  }

 private:
  std::map<std::pair<std::string, std::string>, Time> reported_;
};

}  // namespace sojourn::transport
