#include "sojournctl/admin/safety.h"

#include "sojournctl/admin/words.h"

namespace sojournctl {

Safety Safety::of(const v1::Snapshot& snapshot) {
  Safety safety;
  if (snapshot.health().left()) {
    safety.safe = true;
    safety.reason = "it has left the cluster";
    return safety;
  }
  safety.safe = snapshot.health().safe();
  safety.reason = printable(snapshot.health().safe_reason());
  for (const v1::MemberStatus& member : snapshot.members()) {
    safety.receiving += member.segments_learning();
  }
  return safety;
}

std::optional<std::chrono::milliseconds> estimate(std::uint64_t before, std::uint64_t after,
                                                  std::chrono::milliseconds elapsed) {
  if (after == 0 || after >= before) return std::nullopt;
  return elapsed * static_cast<std::int64_t>(after) / static_cast<std::int64_t>(before - after);
}

}  // namespace sojournctl
