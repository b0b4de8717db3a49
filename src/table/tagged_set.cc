#include "table/tagged_set.h"

namespace sojourn::table {

template <int kTagBits>
TaggedSet<kTagBits>::TaggedSet(std::size_t room)
    : slots_count_(static_cast<std::uint32_t>(slots_count_for(room))) {
  if (room == 0) return;
  slots_.reset(new (kAlignment) std::uint64_t[slots_count()]());
}

// Moves up what would not be found any more behind a free slot.
template <int kTagBits>
void TaggedSet<kTagBits>::erase(std::size_t place) {
  --size_;
  std::size_t free = place;
  for (std::size_t at = next(free); slots_[at] != 0; at = next(at)) {
    const std::size_t begin = home(tag_of(slots_[at]));
    // Whether the search for it begins behind the free slot, seen along the circle.
    const bool stays = free < at ? free < begin && begin <= at : free < begin || begin <= at;
    if (stays) continue;
    slots_[free] = slots_[at];
    free = at;
  }
  slots_[free] = 0;
}

template <int kTagBits>
TaggedSet<kTagBits> TaggedSet<kTagBits>::resized(std::size_t room) const {
  assert(room >= size_);
  TaggedSet resized(room);
  for (std::size_t at = 0; at < slots_count(); ++at) {
    if (slots_[at] == 0) continue;
    resized.insert(tag_of(slots_[at]), slots_[at] & kValueMax);
  }
  return resized;
}

template class TaggedSet<16>;
template class TaggedSet<20>;

}  // namespace sojourn::table
