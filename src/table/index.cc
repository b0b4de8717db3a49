#include "table/index.h"

#include "table/set_room.h"

namespace sojourn::table {

using session::KeyView;
using session::Record;

void Index::add(const Record& record) {
  for (std::size_t i = 0; i < record.key_count(); ++i) add(Place(record, i));
}

void Index::remove(const Record& record) {
  for (std::size_t i = 0; i < record.key_count(); ++i) remove(Place(record, i));
}

Record::Place Index::first(const KeyView& key) const {
  const Heads& heads = shards_[Hash()(key) >> kShardShift].heads;
  const auto found = heads.find(key);
  return found == heads.end() ? Place() : found->first;
}

void Index::add(Place place) {
  const KeyView key = place.key();
  Shard& shard = shard_of(key);
  neighbours(place) = {};
  if (const auto found = shard.heads.find(key); found != shard.heads.end()) {
    neighbours(place).next = found->first;
    neighbours(found->first).previous = place;
    found->first = place;
    return;
  }
  if (shard.insertions_left == 0) make_room(shard, 1);
  shard.heads.insert(Head{place});
  --shard.insertions_left;
  ++keys_;
}

void Index::remove(Place place) {
  const Record::Neighbours around = neighbours(place);
  neighbours(place) = {};
  if (around.next) neighbours(around.next).previous = around.previous;
  if (around.previous) {
    neighbours(around.previous).next = around.next;
    return;
  }
  Shard& shard = shard_of(place.key());
  const auto found = shard.heads.find(place.key());
  if (around.next) {
    found->first = around.next;
    return;
  }
  shard.heads.erase(found);
  --keys_;
  if (shard.heads.size() < shard.room / 8) make_room(shard, 0);
}

void Index::make_room(Shard& shard, std::size_t more) {
  const std::size_t room = room_for(shard.heads.size() + more);
  Heads heads;
  heads.reserve(room);
  for (const Head& head : shard.heads) heads.insert(head);
  shard.heads.swap(heads);
  bytes_ += set_bytes(room);
  bytes_ -= set_bytes(shard.room);
  shard.room = room;
  shard.insertions_left = room - shard.heads.size();
}

}  // namespace sojourn::table
