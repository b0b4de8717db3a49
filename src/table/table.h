#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/spin_lock.h"
#include "base/time.h"
#include "session/record.h"
#include "table/index.h"
#include "table/timing_wheel.h"

namespace sojourn::table {

// What a lookup found: the shared record of a live session and when it was last seen; nothing if
// there is none.
struct Found {
  session::RecordRef record = {};
  Time last_seen = {};
  // There is a session, but its time is up: it must be removed before anybody is told that it is
  // gone.
  bool ended = false;

  explicit operator bool() const { return static_cast<bool>(record); }
};

// How often uses of a session with that lifetime are told to its backups, at most.
Duration use_interval(Lifetime lifetime);
// How long it may take to tell them.
inline constexpr Duration kUseDelayMax = std::chrono::seconds(5);

// What the table holds.
struct Usage {
  // Sessions, by phase.
  std::uint64_t login = 0;
  std::uint64_t active = 0;
  // Ids that sessions have given up and that may still be read.
  std::uint64_t aliases = 0;
  // Companions, by kind; none of them counts as a session.
  std::uint64_t single_use = 0;
  std::uint64_t counters = 0;
  std::uint64_t revoked_tokens = 0;
  // Memory: Record::bytes() of every record, and the allocations of the shards' sets, both as
  // glibc's allocator rounds them. A set has room for 7 times a power of two entries, 8/7 as many
  // slots, 9 bytes for each slot, and 16 for itself: a session's share is 10 to 31 bytes, and so is
  // that of each subject and label in the index. Depends only on the calls that were made, never on
  // addresses or timing.
  std::size_t bytes = 0;

  std::uint64_t companions() const { return single_use + counters + revoked_tokens; }
};

// All sessions that this member holds, as primary or backup, and the companions beside them: of
// them all is true that is said of sessions.
//
// One writer, many readers. find() and usage() are safe from any thread at any time; everything
// else, the destructor included, belongs to the writer, which is one thread at a time. Inside:
//   each shard's set of records    changed by the writer only, under the shard's lock
//   each record's last_seen and ended, and who was used
//                                  under the lock of its shard
//   each shard's room, the wheel, the index, and the records' links and neighbours
//                                  the writer's alone
//   the counts of usage()          atomic; while a session is being replaced, both records count
// A lock is held for one lookup and never for longer: a set grows on the side, unlocked.
class Table {
 public:
  Table() = default;
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // The live session of that id, or alias, which is never touched. `touch` moves a session's time
  // of last use to `now`, never back.
  //
  // Uses before `promoted_at` were told to this member with delay: the session may have been used
  // until then, for as long as use_interval() and kUseDelayMax after what is known.
  Found find(std::string_view id, Time now, bool touch, Time promoted_at = Time::min()) const;

  // Ends the session if its time is up, for good, also for a caller of find() whose `now` is older:
  // readers race. False if it is not up, or there is no such session.
  bool end(std::string_view id, Time now, Time promoted_at = Time::min());
  // Takes end() back.
  void revive(std::string_view id);

  // The record of that id, ended or not; null if there is none.
  session::RecordRef peek(std::string_view id) const;

  // Inserts the record, last seen when its bookkeeping says, or replaces the one of the same id,
  // whose use counts for the new. The record must be in no table. Returns what was replaced.
  session::RecordRef put(const session::RecordRef& record);

  // The session was used then, as another member knows.
  void use(std::string_view id, Time last_seen);

  // Returns what was erased.
  session::RecordRef erase(std::string_view id);

  // Calls visit(record, last_seen) for all records whose ids have hashes from `first` to `last`.
  // The visit must not change the table.
  template <typename Visit>
  void for_each(std::uint64_t first, std::uint64_t last,
                Visit visit) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    // Only the writer changes a set, so the writer may read it without the lock.
    for (std::size_t i = first >> kShardShift; i <= last >> kShardShift; ++i) {
      for (const Entry& entry : shards_[i].entries) {
        const std::uint64_t hash = stable_hash(entry.record->id());
        if (hash >= first && hash <= last)
          visit(*entry.record, last_seen(shards_[i], *entry.record));
      }
    }
  }

  // The records by subject and label. The writer's only.
  const Index& index() const { return index_; }

  // Takes the sessions that were touched for the first time in an interval of their own length,
  // use_interval(), since the last call.
  std::vector<session::RecordRef> take_used();
  // When that session was last seen; nothing if it is not here.
  std::optional<Time> last_seen(std::string_view id) const;

  // Calls visit(record) for sessions whose time is up by `now`, as far as is known here, and looks
  // at each again at the time that visit returns, if it is still here then. A time that has passed
  // means the next tick; one more than 16 seconds ahead may also come sooner. Looks at no more than
  // `max` records, expired or not; if that was not enough, next_due() has passed. `now` must not go
  // back, and `visit` must not change the table.
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
    // See take_used().
    mutable std::vector<session::RecordRef> used ABSL_GUARDED_BY(lock);
  };
  static constexpr std::size_t kShards = 256;
  static constexpr int kShardShift = 56;

  // By the highest bits of the hash, as the segments are: so all sessions of a segment stand
  // together, in one shard or a few. The sets use the others.
  const Shard& shard_of(const Key& key) const { return shards_[key.hash >> kShardShift]; }
  Shard& shard_of(const Key& key) { return shards_[key.hash >> kShardShift]; }

  static Time last_seen(const Shard& shard, const session::Record& record);
  static bool is_over(const session::Record& record, Time now, Time promoted_at);

  // When the session ends as things stand.
  Time ends_at(const session::Record& record) const;
  void make_room(Shard& shard, std::size_t more);
  std::atomic<std::uint64_t>& counter_of(const session::Record& record);
  void count(const session::Record& record, bool added);
  void add_to_index(const session::Record& record);
  void remove_from_index(const session::Record& record);
  void count_index(std::size_t bytes_before);

  std::array<Shard, kShards> shards_;
  TimingWheel wheel_;
  Index index_;
  std::atomic<std::uint64_t> login_{0};
  std::atomic<std::uint64_t> active_{0};
  std::atomic<std::uint64_t> aliases_{0};
  std::atomic<std::uint64_t> single_use_{0};
  std::atomic<std::uint64_t> counters_{0};
  std::atomic<std::uint64_t> revoked_tokens_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace sojourn::table
