#pragma once

#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "session/record.h"

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

  // Calls visit(record) for each record with that key, the newest first. The visit must not change
  // the index.
  template <typename Visit>
  void for_each(const session::KeyView& key, Visit visit) const {
    for (Place at = first(key); at; at = neighbours(at).next) visit(at.record());
  }

  // Different keys that there are records of.
  std::size_t keys() const { return keys_; }
  // What the sets take, as Usage::bytes counts; the neighbours are counted with their records.
  std::size_t bytes() const { return bytes_; }

 private:
  using Place = session::Record::Place;

  // The first of a chain. Mutable, because another record with the same key may become the first.
  struct Head {
    mutable Place first;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const session::KeyView& key) const {
      return stable_hash(key.text, static_cast<std::uint64_t>(key.kind));
    }
    std::size_t operator()(const Head& head) const { return (*this)(head.first.key()); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Head& a, const session::KeyView& b) const { return a.first.key() == b; }
    bool operator()(const session::KeyView& a, const Head& b) const { return b.first.key() == a; }
    bool operator()(const Head& a, const Head& b) const { return a.first.key() == b.first.key(); }
  };
  using Heads = absl::flat_hash_set<Head, Hash, Equal>;

  // Small sets, so that none takes long to be made anew: see Table::Shard.
  struct Shard {
    Heads heads = {};
    std::size_t room = 0;
    std::size_t insertions_left = 0;
  };
  static constexpr std::size_t kShards = 64;
  static constexpr int kShardShift = 58;

  static session::Record::Neighbours& neighbours(Place place) {
    return place.record().neighbours(place.key_index());
  }
  Shard& shard_of(const session::KeyView& key) { return shards_[Hash()(key) >> kShardShift]; }
  Place first(const session::KeyView& key) const;
  void add(Place place);
  void remove(Place place);
  void make_room(Shard& shard, std::size_t more);

  std::vector<Shard> shards_ = std::vector<Shard>(kShards);
  std::size_t keys_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sojourn::table
