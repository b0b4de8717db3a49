#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "session/record.h"
#include "table/tagged_set.h"

namespace sojourn::table {

// Finds the records of one table by what they have in common: by subject, and by label. Records
// with the same key form a chain through their neighbours(), of which the index holds the first. So
// a session costs a pair of pointers for each key, and a subject or label one slot of a set.
//
// The table changes it in the same step as its records, so that the two never differ. The writer's
// only, as everything of the table that has no lock.
class Index {
 public:
  Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The record is in no index, and must be taken out before it dies.
  void add(const session::Record& record);
  void remove(const session::Record& record);
  // Fetches where an add() of that record, soon after, will look.
  void prefetch(const session::Record& record) const;

  // So many keys in all are likely soon: a set that must grow until then grows towards its share of
  // them, to at most twice as much at once. 0: nothing is known.
  void expect(std::size_t keys) { expected_in_set_ = keys / kShards; }
  // Gives back what room the sets have beyond the usual.
  void trim();

  // Calls visit(record) for each record with that key, the newest first. The visit must not change
  // the index.
  template <typename Visit>
  void for_each(const session::KeyView& key, Visit visit) const {
    for (Place at = first(key); at; at = neighbours(at).next()) visit(at.record());
  }

  // Different keys that there are records of.
  std::size_t keys() const { return keys_; }
  // What the sets take, as Usage::bytes counts; the neighbours are counted with their records.
  std::size_t bytes() const { return bytes_; }

 private:
  using Place = session::Record::Place;

  // The firsts of the chains, in small sets, so that none takes long to be made anew and none has
  // too many slots for its tags. By the highest bits of the key's hash; the sets use the next.
  static constexpr std::size_t kShards = 128;
  static constexpr int kShardShift = 57;
  static std::uint64_t hash_of(const session::KeyView& key) {
    return stable_hash(key.text, static_cast<std::uint64_t>(key.kind));
  }
  static PlaceSet::Tag tag_of(std::uint64_t hash) {
    return static_cast<PlaceSet::Tag>(hash >> (kShardShift - 16)) & PlaceSet::kTagMax;
  }
  static std::size_t find(const PlaceSet& heads, std::uint64_t hash, const session::KeyView& key);

  static session::Record::Neighbours& neighbours(Place place) {
    return place.record().neighbours(place.key_index());
  }
  Place first(const session::KeyView& key) const;
  void add(Place place);
  void remove(Place place);
  void grow(PlaceSet& heads);
  void resize(PlaceSet& heads, std::size_t room);

  std::vector<PlaceSet> shards_ = std::vector<PlaceSet>(kShards);
  std::size_t expected_in_set_ = 0;
  std::size_t keys_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sojourn::table
