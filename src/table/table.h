#pragma once

#include <absl/base/thread_annotations.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/prefetch.h"
#include "base/spin_lock.h"
#include "base/time.h"
#include "session/record.h"
#include "table/due_groups.h"
#include "table/index.h"
#include "table/tagged_set.h"
#include "table/timing_wheel.h"
#include "table/used_list.h"

namespace sojourn::table {

// What a lookup found: the shared record of a live session and when it was last seen; nothing if
// there is none.
struct Found {
  session::RecordRef record = {};
  Time last_seen = {};
  // There is a session, but its time is up: it must be removed before anybody is told that it is
  // gone. The record is not shown.
  bool ended = false;
  Moment looked_up_at = {};

  explicit operator bool() const { return static_cast<bool>(record); }
};

// By which to multiply what was multiplied by an odd number, to have it back, modulo 2^32. Each
// step of Newton's doubles the bits that are right, of which there are three at first.
constexpr std::uint32_t inverse(std::uint32_t odd) {
  std::uint32_t inverse = odd;
  for (int bits = 3; bits < 32; bits *= 2) inverse *= 2 - odd * inverse;
  return inverse;
}

// How often uses of a session with that lifetime are told to its backups, at most.
inline Duration use_interval(Lifetime lifetime) {
  return std::max<Duration>(std::chrono::seconds(1), Duration(lifetime.idle) / 20);
}
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
  // glibc's allocator rounds them: of many sessions each has a share of 9.5 to 11 bytes in them,
  // and each subject and label in the index one of 9 to 10.5. Depends only on the calls that were
  // made, never on addresses or timing.
  std::size_t bytes = 0;

  std::uint64_t companions() const { return single_use + counters + revoked_tokens; }
};

// An id with its hash, which is computed once and outside of locks. Borrows the text.
using Key = session::SoughtId;

// All sessions that this member holds, as primary or backup, and the companions beside them: of
// them all is true that is said of sessions.
//
// One writer, many readers. find() and usage() are safe from any thread at any time; everything
// else, the destructor included, belongs to the writer, which is one thread at a time. Inside:
//   each shard's set of records    changed by the writer only, under the shard's lock
//   each record's last_seen and ended, and who was used
//                                  under the lock of its shard
//   the wheels, the index, and the records' links and neighbours
//                                  the writer's alone
//   the counts of usage()          atomic; while a session is being replaced, both records count
// A lock is held for one lookup and never for longer: a set grows on the side, unlocked.
class Table {
 public:
  // In how many sets the records stand, by the highest bits of their hashes.
  static constexpr std::size_t kShards = 128;

  Table() = default;
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // The live session of that id, or alias, which is never touched. `touch` moves a session's time
  // of last use to `now`, never back.
  //
  // Uses before `promoted_at` were told to this member with delay: the session may have been used
  // until then, for as long as use_interval() and kUseDelayMax after what is known.
  Found find(std::string_view id, Time now, bool touch, Time promoted_at = Time::min()) const {
    return find(
        Key(id), [now] { return Moment(now); }, touch, promoted_at);
  }
  // The same at the time that clock(), a Moment, says once the session has been looked up:
  // Found::looked_up_at. Of what the clock leaves open the session has the benefit.
  template <typename Clock>
  Found find(const Key& key, Clock clock, bool touch, Time promoted_at) const {
    const Shard& shard = shard_of(key);
    SpinLockHolder held(shard.lock);
    const session::Record* record = record_of(shard, key);
    const Moment now = clock();
    if (!record) [[unlikely]]
      return {.looked_up_at = now};
    return see(shard, *record, now, touch, promoted_at);
  }

  // The common case of find(), in as few instructions as it takes: that of a session under its own
  // id whose time is not up. `record` is null in any other, about which find() knows more; then
  // nothing has happened. Otherwise the caller has a reference to it, to be released.
  struct Glimpse {
    const session::Record* record = nullptr;
    Time last_seen = {};
    Time looked_up_at_latest = {};
  };
  template <typename Clock>
  [[gnu::always_inline]] Glimpse glimpse(const Key& key, Clock clock, bool touch,
                                         Time promoted_at) const {
    const Shard& shard = shard_of(key);
    SpinLockHolder held(shard.lock);
    const session::Record* record = record_of(shard, key);
    if (!record) [[unlikely]]
      return {};
    const Moment now = clock();
    if (record->is_alias() || is_over(*record, now.earliest, promoted_at)) [[unlikely]]
      return {};
    const Time last_seen = touch ? use(shard, *record, now.earliest) : record->last_seen();
    session::RecordRef::acquire(record);
    return {record, last_seen, now.latest};
  }

  // Fetches what a find() of each, soon after, will look at: the searches wait for memory together
  // instead of one after the other. Worth it for several.
  void prefetch(std::span<const Key> keys) const;

  // Ends the session if its time is up, for good, also for a caller of find() whose `now` is older:
  // readers race. False if it is not up, or there is no such session.
  bool end(std::string_view id, Time now, Time promoted_at = Time::min());
  // Takes end() and set_aside() back.
  void revive(std::string_view id);

  // The record of that id, ended or not; null if there is none.
  session::RecordRef peek(std::string_view id) const { return peek(Key(id)); }
  session::RecordRef peek(const Key& key) const;

  // Inserts the record, last seen when its bookkeeping says, or replaces the one of the same id,
  // whose use counts for the new. The record must be in no table. Returns what was replaced.
  session::RecordRef put(const session::RecordRef& record);
  // The same where the key of its id is known.
  session::RecordRef put(const session::RecordRef& record, const Key& key);

  // Whether so many more records fit whose hashes are spread from `first` to `last`; and sees to it
  // that they do, so that the sets grow once and not step by step.
  bool has_room(std::uint64_t first, std::uint64_t last, std::size_t more) const;
  void make_room(std::uint64_t first, std::uint64_t last, std::size_t more);
  // So many records in all are likely soon: the index grows towards what they will need. 0: nothing
  // is known.
  void expect(std::size_t records);
  // Gives back what room there is beyond the usual.
  void trim();

  // Fetches where a put() of that record, soon after, will look; and then what it may find there:
  // worth it for several, the second when all have had the first. The writer's only.
  void prefetch_put(const session::Record& record, const Key& key) const;
  void prefetch_replaced(const Key& key) const;

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
    const std::size_t first_shard = first >> kShardShift;
    const std::size_t last_shard = last >> kShardShift;
    // Where the range ends between tags, as those of segments do, the tags say it all.
    constexpr std::uint64_t kBehindTag = (std::uint64_t{1} << (kShardShift - kTagBits)) - 1;
    const bool by_tags = (first & kBehindTag) == 0 && (last & kBehindTag) == kBehindTag;
    const auto look_at = [&](const Shard& shard, const session::Record& record) {
      if (!by_tags) {
        const std::uint64_t hash = stable_hash(record.id());
        if (hash < first || hash > last) return;
      }
      visit(record, last_seen(shard, record));
    };
    for (std::size_t i = first_shard; i <= last_shard; ++i) {
      const std::uint32_t first_bits = i == first_shard ? tag_bits(first) : 0;
      const std::uint32_t last_bits = i == last_shard ? tag_bits(last) : RecordSet::kTagMax;
      // Each is looked at a few records later, when its memory has come.
      std::array<const session::Record*, 8> coming;
      std::size_t count = 0;
      shards_[i].entries.for_each_with_tag([&](RecordSet::Tag tag, std::uint64_t entry) {
        const std::uint32_t bits = gathered(tag);
        if (bits < first_bits || bits > last_bits) return;
        const session::Record*& at = coming[count % coming.size()];
        if (count++ >= coming.size()) look_at(shards_[i], *at);
        at = &record_at(entry);
        sojourn::prefetch(at);
      });
      for (std::size_t left = std::min(count, coming.size()); left > 0; --left) {
        look_at(shards_[i], *coming[(count - left) % coming.size()]);
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
  // at each again at the time that visit returns, or sooner, if it is still here then. A time that
  // has passed means the next tick. Once it has looked at `max` records, expired or not, it looks
  // at those only that stand together with the last; if that was not enough, next_due() has passed.
  // `now` must not go back, and `visit` must not change the table.
  template <typename Visit>
  void collect_due(Time now, std::size_t max, Visit visit) {
    const auto look_at = [&](const session::Record& record, Time end) {
      if (max > 0) --max;
      return end > now ? end : visit(record);
    };
    while (max > 0) {
      const session::Record* login = logins_.take_due(now);
      if (!login) break;
      logins_.add(*login, look_at(*login, ends_at(*login)));
    }
    while (max > 0) {
      const TimingWheel::Links* links = wheel_.take_due_links(now);
      if (!links) break;
      const DueGroups::Group& group = DueGroups::linked_by(*links);
      for_each_of(group, [&](Shard& shard, RecordSet::Tag tag, const session::Record& record) {
        const Time end = record.expires_at(last_seen(shard, record));
        shard.due.add(wheel_, tag, look_at(record, end));
      });
    }
  }

  // When collect_due() may next find something; nothing when there is nothing to expire.
  std::optional<Time> next_due() const;

  // Calls visit(record) for one login in progress after the other, but for those that were left to
  // others, until it returns false, the
  // oldest first: the one whose time is up first, and of those that are filed together the one that
  // was put first. A constant number of steps beside the visits, which must not change the table.
  template <typename Visit>
  void for_each_login(Visit visit) const {
    logins_.for_each(visit);
  }
  // The removal of that session is under way: collect_due() and for_each_login() pass it over until
  // revive(). It is there for everybody else.
  void set_aside(std::string_view id);
  // That login is in the hands of another member: for_each_login() passes it over until
  // reconsider_logins(), which takes a walk over all records.
  void leave_to_others(std::string_view id);
  void reconsider_logins();

  Usage usage() const;

 private:
  static Key key_of(std::string_view id) { return Key(id); }

  // An entry is a sixteenth of the address of a record, with one reference to it, owned by the
  // table.
  static const session::Record& record_at(std::uint64_t entry) {
    return *reinterpret_cast<const session::Record*>(entry * kRecordAlignment);
  }
  static std::uint64_t entry_of(const session::Record* record) {
    return reinterpret_cast<std::uintptr_t>(record) / kRecordAlignment;
  }
  static constexpr std::uintptr_t kRecordAlignment = 16;

  // On a cache line of its own, so that readers of different shards do not disturb each other.
  struct alignas(64) Shard {
    mutable SpinLock lock;
    RecordSet entries ABSL_GUARDED_BY(lock);
    // When those must be looked at that are no logins. The writer's.
    DueGroups due;
    // See take_used().
    mutable UsedList used ABSL_GUARDED_BY(lock);
  };
  static constexpr int kShardShift = 57;
  static constexpr int kTagBits = 20;

  // By the highest bits of the hash, as the segments are: so all sessions of a segment stand
  // together, in one shard or a few. The sets use the next. More shards would leave more holes in
  // the heap as their sets grow; fewer would have too many slots for their tags.
  const Shard& shard_of(const Key& key) const { return shards_[key.hash() >> kShardShift]; }
  Shard& shard_of(const Key& key) { return shards_[key.hash() >> kShardShift]; }
  // Of a hash, the bits behind those that say which shard. The first of them say which segment, and
  // this member may hold few of the segments of a shard: in their order the ids of these would
  // crowd in a few places of its set. So the set gets them scattered: multiplied by an odd number,
  // which sends each to a place of its own and neighbours far apart (Knuth, TAOCP 6.4).
  static std::uint32_t tag_bits(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> (kShardShift - kTagBits)) & RecordSet::kTagMax;
  }
  static RecordSet::Tag tag_of(std::uint64_t hash) {
    return (tag_bits(hash) * kScatter) & RecordSet::kTagMax;
  }
  // The bits that became that tag.
  static std::uint32_t gathered(RecordSet::Tag tag) { return (tag * kGather) & RecordSet::kTagMax; }
  static constexpr std::uint32_t kScatter = 648'055;  // 2^20 divided by the golden ratio
  static constexpr std::uint32_t kGather = inverse(kScatter);
  static RecordSet::Tag tag_of(const Key& key) { return tag_of(key.hash()); }
  [[gnu::always_inline]] static RecordSet::Sought seek(const RecordSet& entries, const Key& key) {
    return entries.seek(tag_of(key),
                        [&](std::uint64_t entry) { return record_at(entry).has_id(key); });
  }
  // Its place in the set; RecordSet::kNone if it is not there.
  [[gnu::always_inline]] static std::size_t find(const RecordSet& entries, const Key& key) {
    return entries.find(tag_of(key),
                        [&](std::uint64_t entry) { return record_at(entry).has_id(key); });
  }
  // The record of that id; null if there is none.
  [[gnu::always_inline]] static const session::Record* record_of(const Shard& shard, const Key& key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.lock) {
    const std::size_t found = find(shard.entries, key);
    return found == RecordSet::kNone ? nullptr : &record_at(shard.entries.value(found));
  }

  // Calls visit(shard, tag, record) for the records of the group.
  template <typename Visit>
  void for_each_of(const DueGroups::Group& group, Visit visit) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    // Only the writer changes a set, so the writer may read it without the lock.
    Shard& shard = shards_[group.shard];
    const RecordSet::Tag first = shard.due.first_tag(group);
    shard.entries.for_each(first, shard.due.last_tag(group), [&](std::uint64_t entry) {
      const session::Record& record = record_at(entry);
      if (!is_in_logins(record)) visit(shard, first, record);
    });
  }
  static bool is_in_logins(const session::Record& record) {
    return record.is_login() && record.links().next;
  }
  // Sees to it that the record is looked at when it ends.
  void file(Shard& shard, const Key& key, const session::Record& record, Time end);

  // Of a record that was looked up.
  static Found see(const Shard& shard, const session::Record& record, Moment now, bool touch,
                   Time promoted_at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.lock);
  // It is being used now, unless it was used later: when it was last seen, then.
  static Time use(const Shard& shard, const session::Record& record, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.lock);
  static Time last_seen(const Shard& shard, const session::Record& record);
  static bool is_over(const session::Record& record, Time now, Time promoted_at) {
    if (record.ended()) return true;
    return now >= record.expires_at(record.last_seen()) && !was_used_late(record, now, promoted_at);
  }
  // Whether a use that was not told yet may keep the session, whose time is up as far as is known.
  static bool was_used_late(const session::Record& record, Time now, Time promoted_at);

  // When the session ends as things stand.
  Time ends_at(const session::Record& record) const;
  static void take_used(const Shard& shard, std::vector<session::RecordRef>& used);
  void make_room(Shard& shard, std::size_t more);
  void make_room_if_full(Shard& shard);
  std::atomic<std::uint64_t>& counter_of(const session::Record& record);
  void count(const session::Record& record, bool added);
  void add_to_index(const session::Record& record);
  void remove_from_index(const session::Record& record);
  void count_index(std::size_t bytes_before);

  static std::vector<Shard> make_shards();

  std::vector<Shard> shards_ = make_shards();
  // When groups of records must be looked at, and logins in progress, which have a wheel of their
  // own, so that the oldest of them can be found; but for those that were left to others.
  TimingWheel wheel_;
  TimingWheel logins_;
  Index index_;
  std::atomic<std::uint64_t> login_{0};
  std::atomic<std::uint64_t> active_{0};
  std::atomic<std::uint64_t> aliases_{0};
  std::atomic<std::uint64_t> single_use_{0};
  std::atomic<std::uint64_t> counters_{0};
  std::atomic<std::uint64_t> revoked_tokens_{0};
  std::atomic<std::size_t> bytes_{0};
};

[[gnu::always_inline]] inline Found Table::see(const Shard& shard, const session::Record& record,
                                               Moment moment, bool touch, Time promoted_at) {
  const Time now = moment.earliest;
  const Time last_seen = record.last_seen();
  if (is_over(record, now, promoted_at)) [[unlikely]] {
    return {.last_seen = last_seen, .ended = true, .looked_up_at = moment};
  }
  return {
      .record = session::RecordRef::share(record),
      .last_seen = touch && !record.is_alias() ? use(shard, record, now) : last_seen,
      .looked_up_at = moment,
  };
}

[[gnu::always_inline]] inline Time Table::use(const Shard& shard, const session::Record& record,
                                              Time now) {
  const Time last_seen = record.last_seen();
  if (now <= last_seen) return last_seen;
  const Time interval_began = now - now.time_since_epoch() % use_interval(record.lifetime());
  if (last_seen < interval_began) shard.used.add(record, now);
  record.set_last_seen(now);
  return now;
}

}  // namespace sojourn::table
