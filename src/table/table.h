#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/hash.h"
#include "base/spin_lock.h"
#include "base/time.h"
#include "session/record.h"
#include "table/timing_wheel.h"

namespace sojourn::table {

// What a lookup found: the shared record, and when the session was last seen.
struct Found {
  session::RecordRef record = {};
  Time last_seen = {};
};

// What the table holds.
struct Usage {
  // Sessions, by phase.
  std::uint64_t login = 0;
  std::uint64_t active = 0;
  // Memory: Record::bytes() of every record, and the allocations of the shards' sets, both as
  // glibc's allocator rounds them. A set has room for 7 times a power of two entries, 8/7 as many
  // slots, 9 bytes for each slot, and 16 for itself: a session's share is 10 to 31 bytes. Depends
  // only on the calls that were made, never on addresses or timing.
  std::size_t bytes = 0;
};

// All sessions that this member holds, as primary or backup.
//
// One writer, many readers. find() and usage() are safe from any thread at any time; everything
// else, the destructor included, belongs to the writer, which is one thread at a time. Inside:
//   each shard's set of records    changed by the writer only, under the shard's lock
//   each record's last_seen        under the lock of its shard
//   each shard's room, the wheel, and the records' links
//                                  the writer's alone
//   the counts of usage()          atomic; while a session is being replaced, both records count
// A lock is held for one lookup and never for longer: a set grows on the side, unlocked.
class Table {
 public:
  Table() = default;
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // The live session of that id. `touch` moves its time of last use to `now`, never back. A session
  // that was once found to have expired has ended for good, also for a caller whose `now` is older:
  // readers race, and "not found" must never be followed by "found".
  std::optional<Found> find(std::string_view id, Time now, bool touch) const;

  // The record of that id, ended or not; null if there is none.
  session::RecordRef peek(std::string_view id) const;

  // Inserts the record, or replaces the one of the same id: use of the replaced one counts for the
  // new, and if it had ended, so has the new. The record must be in no table.
  void put(const session::RecordRef& record);

  // False if there was nothing.
  bool erase(std::string_view id);

  // Calls visit(record) for sessions that have expired by `now`, and looks at each again at the
  // time that visit returns, if it is still here then. A time that has passed means the next tick;
  // one more than 16 seconds ahead may also come sooner. Looks at no more than `max` records,
  // expired or not; if that was not enough, next_due() has passed. `now` must not go back, and
  // `visit` must not change the table.
  //
  // A visited session may still be touched by a reader whose `now` is older. To end it for good,
  // call find() first: if it finds nothing, nobody will.
  template <typename Visit>
  void collect_due(Time now, std::size_t max, Visit visit) {
    for (; max > 0; --max) {
      const session::Record* record = wheel_.take_due(now);
      if (!record) return;
      const Time end = ends_at(*record);
      wheel_.add(*record, end > now ? end : visit(*record));
    }
  }

  // When collect_due() may next find something; nothing when there is nothing to expire.
  std::optional<Time> next_due() const { return wheel_.next_due(); }

  Usage usage() const;

 private:
  // An id with its hash, which is computed once and outside of locks.
  struct Key {
    std::string_view id = {};
    std::uint64_t hash = 0;
  };
  static Key key_of(std::string_view id) { return {id, stable_hash(id)}; }

  // One reference to a record, owned by the table.
  struct Entry {
    // Mutable, because a record may be replaced by another one of the same id.
    mutable const session::Record* record;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const { return key.hash; }
    std::size_t operator()(const Entry& entry) const { return stable_hash(entry.record->id()); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Key& b) const { return a.record->id() == b.id; }
    bool operator()(const Key& a, const Entry& b) const { return a.id == b.record->id(); }
    bool operator()(const Entry& a, const Entry& b) const {
      return a.record->id() == b.record->id();
    }
  };
  using Entries = absl::flat_hash_set<Entry, Hash, Equal>;

  // On a cache line of its own, so that readers of different shards do not disturb each other.
  struct alignas(64) Shard {
    mutable SpinLock lock;
    Entries entries ABSL_GUARDED_BY(lock);
    // How many entries the set has room for, and how many insertions are left before it must be
    // made anew: erased entries may have left marks behind, which take up room too.
    std::size_t room = 0;
    std::size_t insertions_left = 0;
  };
  static constexpr std::size_t kShards = 64;

  // By bits of the hash that the segments do not use, and the sets only beyond 33 million entries.
  const Shard& shard_of(const Key& key) const { return shards_[(key.hash >> 32) % kShards]; }
  Shard& shard_of(const Key& key) { return shards_[(key.hash >> 32) % kShards]; }

  // When the session ends as things stand; long ago if it has ended.
  Time ends_at(const session::Record& record) const;
  void make_room(Shard& shard, std::size_t more);
  void count(const session::Record& record, bool added);

  std::array<Shard, kShards> shards_;
  TimingWheel wheel_;
  std::atomic<std::uint64_t> login_{0};
  std::atomic<std::uint64_t> active_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace sojourn::table
