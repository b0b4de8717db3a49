#include "table/index.h"

#include <algorithm>

namespace sojourn::table {

using session::KeyView;
using session::Record;

void Index::add(const Record& record) {
  for (std::size_t i = 0; i < record.key_count(); ++i) add(Place(record, i));
}

void Index::remove(const Record& record) {
  for (std::size_t i = 0; i < record.key_count(); ++i) remove(Place(record, i));
}

void Index::prefetch(const Record& record) const {
  for (std::size_t i = 0; i < record.key_count(); ++i) {
    const std::uint64_t hash = hash_of(record.key(i));
    shards_[hash >> kShardShift].prefetch_free(tag_of(hash));
  }
}

std::size_t Index::find(const PlaceSet& heads, std::uint64_t hash, const KeyView& key) {
  return heads.find(tag_of(hash), [&](std::uint64_t head) { return Place(head).key() == key; });
}

Record::Place Index::first(const KeyView& key) const {
  const std::uint64_t hash = hash_of(key);
  const PlaceSet& heads = shards_[hash >> kShardShift];
  const std::size_t found = find(heads, hash, key);
  return found == PlaceSet::kNone ? Place() : Place(heads.value(found));
}

void Index::add(Place place) {
  const KeyView key = place.key();
  const std::uint64_t hash = hash_of(key);
  PlaceSet& heads = shards_[hash >> kShardShift];
  neighbours(place) = {};
  if (const std::size_t found = find(heads, hash, key); found != PlaceSet::kNone) {
    const Place first(heads.value(found));
    neighbours(place).set_next(first);
    neighbours(first).set_previous(place);
    heads.replace(found, place.bits());
    return;
  }
  if (heads.is_full()) grow(heads);
  heads.insert(tag_of(hash), place.bits());
  ++keys_;
}

void Index::remove(Place place) {
  const Record::Neighbours around = neighbours(place);
  neighbours(place) = {};
  if (around.next()) neighbours(around.next()).set_previous(around.previous());
  if (around.previous()) {
    neighbours(around.previous()).set_next(around.next());
    return;
  }
  const KeyView key = place.key();
  const std::uint64_t hash = hash_of(key);
  PlaceSet& heads = shards_[hash >> kShardShift];
  const std::size_t found = find(heads, hash, key);
  if (around.next()) {
    heads.replace(found, around.next().bits());
    return;
  }
  heads.erase(found);
  --keys_;
  if (heads.is_sparse()) resize(heads, PlaceSet::room_for(heads.size()));
}

void Index::trim() {
  for (PlaceSet& heads : shards_) {
    if (heads.has_too_much()) resize(heads, PlaceSet::room_for(heads.size()));
  }
}

void Index::grow(PlaceSet& heads) {
  const std::size_t size = heads.size();
  const std::size_t likely = std::min(expected_in_set_, 2 * size);
  resize(heads, PlaceSet::room_for(std::max(likely, size + 1)));
}

void Index::resize(PlaceSet& heads, std::size_t room) {
  bytes_ -= heads.bytes();
  heads = heads.resized(room);
  bytes_ += heads.bytes();
}

}  // namespace sojourn::table
