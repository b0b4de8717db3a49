#include "membership/quorum.h"

#include <algorithm>
#include <tuple>

namespace sojourn::membership {

bool is_older(const Member& a, const Member& b) {
  return std::tie(a.joined, a.name) < std::tie(b.joined, b.name);
}

const Member& oldest(const View& view) {
  return *std::min_element(view.members.begin(), view.members.end(), is_older);
}

bool is_quorum(const View& view, absl::FunctionRef<bool(const Member&)> votes) {
  const auto count =
      static_cast<std::size_t>(std::count_if(view.members.begin(), view.members.end(), votes));
  if (2 * count == view.members.size()) return votes(oldest(view));
  return 2 * count > view.members.size();
}

const Member* find(const View& view, Incarnation incarnation) {
  const auto found =
      std::find_if(view.members.begin(), view.members.end(),
                   [&](const Member& member) { return member.incarnation == incarnation.value; });
  return found == view.members.end() ? nullptr : &*found;
}

}  // namespace sojourn::membership
