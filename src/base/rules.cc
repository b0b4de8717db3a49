#include "base/rules.h"

#include <algorithm>
#include <array>

namespace sojourn {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Rule::kCount)> kNames = {
    "lease",
    "exclusion-waits",
    "grants-of-this-epoch",
    "confirmation",
    "forgetting",
    "lease-after-acks",
    "all-writers",
    "complete-learners",
    "new-incarnation",
    "snapshot-never-overwrites",
    "learners-keep-tombstones",
    "watermark",
    "epoch-fence",
    "synchronization",
    "versions-begin-with-epoch",
    "tombstone-for-absent",
    "committed-reads",
    "quorum",
    "no-grant-after-accept",
    "calm-after-install",
    "adopt-accepted",
    "undelivered-events",
};

}  // namespace

std::string_view name_of(Rule rule) { return kNames[static_cast<std::size_t>(rule)]; }

std::optional<Rule> rule_named(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Rule>(found - kNames.begin());
}

}  // namespace sojourn
