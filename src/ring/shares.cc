#include "ring/shares.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sojourn::ring {

// Who is held by a limit cannot be seen at once, since each one held changes the shares of all
// others. So divide as if there were no limits; sum up by how much the limits would add or take;
// hold those at the limits that prevail, and divide the rest again. (CSS lays out flexible boxes in
// this way.)
void divide(Amount total, std::span<Sharer> sharers) {
  std::vector<Sharer*> free;
  for (Sharer& sharer : sharers) free.push_back(&sharer);

  while (!free.empty()) {
    std::int64_t weights = 0;
    for (const Sharer* sharer : free) weights += sharer->weight;

    Amount added = 0;
    for (Sharer* sharer : free) {
      sharer->share = weights > 0 ? total * sharer->weight / weights : 0;
      added += std::clamp(sharer->share, sharer->least, sharer->most) - sharer->share;
    }

    std::vector<Sharer*> still_free;
    for (Sharer* sharer : free) {
      const Amount limited = std::clamp(sharer->share, sharer->least, sharer->most);
      const Amount change = limited - sharer->share;
      const bool held = added > 0 ? change > 0 : added < 0 ? change < 0 : change != 0;
      if (held) {
        sharer->share = limited;
        total -= limited;
      } else {
        still_free.push_back(sharer);
      }
    }
    if (still_free.size() == free.size()) return;
    free = std::move(still_free);
  }
}

}  // namespace sojourn::ring
