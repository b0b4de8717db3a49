#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/rules.h"
#include "membership/messages.h"
#include "ring/roles.h"

namespace sojourn::membership {

// What the member that plans the next view knows.
struct Facts {
  // Members to be dropped: they are down, and nobody's promise stands against it.
  std::set<Incarnation> dropped = {};
  // Whether there are others that are down and have to be waited for: nobody may go then, because
  // what is left with them may be gone.
  bool others_down = false;
  // To be admitted, each under a name that is not in the view or whose member is dropped; `joined`
  // does not matter.
  std::vector<Member> joining = {};
  // Members that have asked to leave.
  std::set<Incarnation> leaving = {};
  // What each member reports under this epoch.
  std::map<Incarnation, Progress> progress = {};
  // An operator has taken note of all losses so far.
  bool losses_acknowledged = false;
};

// The layout that should follow, or nothing if all is as it should be. Pure: everything is decided
// by the arguments.
//
//   members  those dropped go, those joining come (see admit), those that ask for it are marked as
//   leaving, and
//            those that leave, are not needed any more and have no calls under way go
//   base     becomes the ideal owners of a segment when all of them hold it; loses who goes. If
//            nobody is left, the segment's copies are all lost: it begins anew, empty
std::optional<ring::Layout> next_layout(const ring::Roles& roles, const Facts& facts, Rules rules);

// Adds newcomers, in their order and as of that epoch, as long as the members that were there
// before are a quorum among all: were the newcomers to die at once, the others would have to go on.
// But one at least.
void admit(std::vector<Member>& members, std::vector<Member> newcomers, std::uint64_t epoch);

// Whether a member that leaves may go: others hold what it holds, as many as can, and none of them
// leaves.
bool may_go(const ring::Roles& roles, MemberIndex member);

// The layout with other members: the same base, but for those that are gone, and what was lost.
ring::Layout with_members(const ring::Layout& layout, std::vector<ring::Holders> base,
                          std::vector<Member> members);

}  // namespace sojourn::membership
