#include "table/tagged_set.h"

namespace sojourn::table {

TaggedSet::TaggedSet(std::size_t room) : room_(static_cast<std::uint32_t>(room)) {
  if (room > 0) slots_ = std::make_unique<std::uint64_t[]>(slots_count());
}

void TaggedSet::insert(Tag tag, std::uint64_t value) {
  assert(size_ < room_);
  std::size_t at = home(tag);
  while (slots_[at] != 0) at = next(at);
  slots_[at] = std::uint64_t{tag} << 48 | checked(value);
  ++size_;
}

// Moves up what would not be found any more behind a free slot.
void TaggedSet::erase(std::size_t place) {
  --size_;
  std::size_t free = place;
  for (std::size_t at = next(free); slots_[at] != 0; at = next(at)) {
    const std::size_t begin = home(static_cast<Tag>(slots_[at] >> 48));
    // Whether the search for it begins behind the free slot, seen along the circle.
    const bool stays = free < at ? free < begin && begin <= at : free < begin || begin <= at;
    if (stays) continue;
    slots_[free] = slots_[at];
    free = at;
  }
  slots_[free] = 0;
}

TaggedSet TaggedSet::resized(std::size_t room) const {
  assert(room >= size_);
  TaggedSet resized(room);
  for (std::size_t at = 0; at < slots_count(); ++at) {
    if (slots_[at] == 0) continue;
    resized.insert(static_cast<Tag>(slots_[at] >> 48), slots_[at] & kValueMax);
  }
  return resized;
}

}  // namespace sojourn::table
