#include "table/table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "session/companion.h"

namespace sojourn::table {
namespace {

using session::Record;
using session::RecordRef;

// Only the writer adds, so it need not be one step for the processor, which would wait for it.
// Unsigned, so that less is more by the whole range.
template <typename Value>
void add_to(std::atomic<Value>& sum, Value more) {
  sum.store(sum.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

Table::~Table() {
  for (Shard& shard : shards_) {
    SpinLockHolder held(shard.lock);
    shard.entries.for_each([](std::uint64_t entry) {
      if (record_at(entry).is_login()) TimingWheel::remove(record_at(entry));
      RecordRef::release(&record_at(entry));
    });
  }
}

std::vector<Table::Shard> Table::make_shards() {
  std::vector<Shard> shards(kShards);
  for (std::size_t i = 0; i < kShards; ++i) shards[i].due = DueGroups(i);
  return shards;
}

bool Table::was_used_late(const Record& record, Time now, Time promoted_at) {
  const Time last_seen = record.last_seen();
  const Time late_use =
      std::min(promoted_at, last_seen + use_interval(record.lifetime()) + kUseDelayMax);
  return late_use > last_seen && now < record.expires_at(late_use);
}

namespace {

// What a record says of itself, and the first of its attributes; the processor foresees the rest.
constexpr std::size_t kLinesOfRecord = 4;

}  // namespace

void Table::prefetch(std::span<const Key> keys) const {
  for (const Key& key : keys) {
    const Shard& shard = shard_of(key);
    SpinLockHolder held(shard.lock);
    shard.entries.prefetch(tag_of(key));
  }
  for (const Key& key : keys) {
    const Shard& shard = shard_of(key);
    std::uint64_t entry = 0;
    {
      SpinLockHolder held(shard.lock);
      entry = shard.entries.guess(tag_of(key));
    }
    if (entry != 0) prefetch_lines(&record_at(entry), kLinesOfRecord);
  }
}

// Only the writer changes a set, so the writer may read it without the lock.
void Table::prefetch_put(const Record& record,
                         const Key& key) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  shard_of(key).entries.prefetch_free(tag_of(key));
  index_.prefetch(record);
}

void Table::prefetch_replaced(const Key& key) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const std::uint64_t entry = shard_of(key).entries.guess(tag_of(key));
  if (entry != 0) prefetch_lines(&record_at(entry), kLinesOfRecord);
}

bool Table::end(std::string_view id, Time now, Time promoted_at) {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const Record* record = record_of(shard, key);
  if (!record || !is_over(*record, now, promoted_at)) return false;
  record->set_ended(true);
  return true;
}

void Table::revive(std::string_view id) {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const Record* record = record_of(shard, key);
  if (!record) return;
  record->set_ended(false);
  if (record->is_login() && !record->links().next) {
    logins_.add(*record, record->expires_at(record->last_seen()));
  }
}

void Table::set_aside(std::string_view id) {
  const RecordRef record = peek(id);
  if (record && record->is_login()) TimingWheel::remove(*record);
}

void Table::leave_to_others(std::string_view id) {
  const RecordRef record = peek(id);
  if (!record || !record->is_login()) return;
  TimingWheel::remove(*record);
  const Key key = key_of(id);
  shard_of(key).due.add(wheel_, tag_of(key), ends_at(*record));
}

void Table::reconsider_logins() {
  for_each(0, ~std::uint64_t{0}, [&](const Record& record, Time last_seen) {
    if (!record.is_login() || is_in_logins(record)) return;
    logins_.add(record, record.expires_at(last_seen));
  });
}

std::optional<Time> Table::next_due() const {
  const std::optional<Time> sessions = wheel_.next_due();
  const std::optional<Time> logins = logins_.next_due();
  return sessions && logins ? std::min(*sessions, *logins) : sessions ? sessions : logins;
}

RecordRef Table::peek(const Key& key) const {
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const Record* record = record_of(shard, key);
  return record ? RecordRef::share(*record) : RecordRef();
}

void Table::file(Shard& shard, const Key& key, const Record& record, Time end) {
  if (record.is_login()) {
    logins_.add(record, end);
  } else {
    shard.due.add(wheel_, tag_of(key), end);
  }
}

RecordRef Table::put(const RecordRef& record) {
  const session::IdText id = record->id();
  return put(record, Key(id, record->packed_id()));
}

RecordRef Table::put(const RecordRef& record, const Key& key) {
  Shard& shard = shard_of(key);
  make_room_if_full(shard);

  RecordRef replaced;
  Time end;
  {
    SpinLockHolder held(shard.lock);
    const std::uint64_t entry = entry_of(RecordRef(record).leak());
    const RecordSet::Sought sought = seek(shard.entries, key);
    if (!sought.found) {
      shard.entries.insert(tag_of(key), entry, sought.place);
    } else {
      replaced = RecordRef::adopt(&record_at(shard.entries.value(sought.place)));
      shard.entries.replace(sought.place, entry);
      record->set_last_seen(std::max(replaced->last_seen(), record->last_seen()));
    }
    end = record->expires_at(record->last_seen());
  }
  file(shard, key, *record, end);
  count(*record, true);
  if (replaced) {
    if (replaced->is_login()) TimingWheel::remove(*replaced);
    count(*replaced, false);
    remove_from_index(*replaced);
  }
  add_to_index(*record);
  return replaced;
}

void Table::use(std::string_view id, Time last_seen) {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const Record* record = record_of(shard, key);
  if (record) record->set_last_seen(std::max(record->last_seen(), last_seen));
}

std::vector<RecordRef> Table::take_used() {
  std::vector<RecordRef> used;
  for (const Shard& shard : shards_) take_used(shard, used);
  return used;
}

// Where the list is not complete all records are looked at.
void Table::take_used(const Shard& shard,
                      std::vector<RecordRef>& used) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const auto before = static_cast<std::ptrdiff_t>(used.size());
  Time missing_since;
  {
    SpinLockHolder held(shard.lock);
    missing_since = shard.used.take(used);
  }
  if (missing_since == Time::max()) return;
  const auto is_seen_later = [&](const Record& record) {
    return !record.is_alias() && !record.is_companion() &&
           last_seen(shard, record) >= missing_since;
  };
  used.erase(std::remove_if(used.begin() + before, used.end(),
                            [&](const RecordRef& record) { return is_seen_later(*record); }),
             used.end());
  // Only the writer changes a set, so the writer may read it without the lock.
  shard.entries.for_each([&](std::uint64_t entry) {
    const Record& record = record_at(entry);
    if (is_seen_later(record)) used.push_back(RecordRef::share(record));
  });
}

std::optional<Time> Table::last_seen(std::string_view id) const {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const Record* record = record_of(shard, key);
  if (!record) return std::nullopt;
  return record->last_seen();
}

Time Table::last_seen(const Shard& shard, const Record& record) {
  SpinLockHolder held(shard.lock);
  return record.last_seen();
}

RecordRef Table::erase(std::string_view id) {
  const Key key = key_of(id);
  Shard& shard = shard_of(key);
  RecordRef erased;
  bool sparse = false;
  {
    SpinLockHolder held(shard.lock);
    const std::size_t found = find(shard.entries, key);
    if (found == RecordSet::kNone) return {};
    erased = RecordRef::adopt(&record_at(shard.entries.value(found)));
    shard.entries.erase(found);
    sparse = shard.entries.is_sparse();
  }
  if (erased->is_login()) TimingWheel::remove(*erased);
  count(*erased, false);
  remove_from_index(*erased);
  if (sparse) make_room(shard, 0);
  return erased;
}

Time Table::ends_at(const Record& record) const {
  const Shard& shard = shard_of(key_of(record.id().text()));
  SpinLockHolder held(shard.lock);
  return record.expires_at(record.last_seen());
}

// Makes the shard's set anew, with room for what it holds and at least `more` entries. Readers go
// on with the old one meanwhile: only the writer changes a set, so the writer may read it without
// the lock.
void Table::make_room(Shard& shard, std::size_t more) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const std::size_t before = shard.entries.bytes() + shard.due.bytes() + shard.used.bytes();
  RecordSet entries = shard.entries.resized(RecordSet::room_for(shard.entries.size() + more));
  shard.due.resize(wheel_, entries.room());
  const std::size_t used_room = UsedList::room_for(entries.room());
  UsedList::Slots used = used_room == 0 ? nullptr : std::make_unique<RecordRef[]>(used_room);
  add_to(bytes_, entries.bytes() + shard.due.bytes() + UsedList::bytes_of(used_room));
  {
    SpinLockHolder held(shard.lock);
    std::swap(shard.entries, entries);
    used = shard.used.move_to(std::move(used), used_room);
  }
  add_to(bytes_, std::size_t{0} - before);
}

void Table::make_room_if_full(Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (shard.entries.is_full()) make_room(shard, 1);
}

namespace {

// Of `more`, in each of so many sets.
std::size_t share(std::size_t more, std::size_t sets) { return (more + sets - 1) / sets; }

}  // namespace

bool Table::has_room(std::uint64_t first, std::uint64_t last,
                     std::size_t more) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const std::size_t begin = first >> kShardShift;
  const std::size_t end = (last >> kShardShift) + 1;
  const auto fits = [&](const Shard& shard) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return shard.entries.room() - shard.entries.size() >= share(more, end - begin);
  };
  return std::all_of(&shards_[begin], &shards_[begin] + (end - begin), fits);
}

void Table::make_room(std::uint64_t first, std::uint64_t last, std::size_t more) {
  const std::size_t begin = first >> kShardShift;
  const std::size_t end = (last >> kShardShift) + 1;
  for (std::size_t i = begin; i < end; ++i) make_room(shards_[i], share(more, end - begin));
}

void Table::expect(std::size_t records) {
  const std::size_t now =
      login_.load(std::memory_order_relaxed) + active_.load(std::memory_order_relaxed);
  index_.expect(now == 0 ? 0 : index_.keys() * records / now);
}

void Table::trim() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (Shard& shard : shards_) {
    if (shard.entries.has_too_much()) make_room(shard, 0);
  }
  const std::size_t before = index_.bytes();
  index_.trim();
  count_index(before);
}

std::atomic<std::uint64_t>& Table::counter_of(const Record& record) {
  if (record.is_alias()) return aliases_;
  if (!record.is_companion()) return record.is_login() ? login_ : active_;
  switch (session::kind_of(record.id())) {
    case session::Kind::kSingleUse:
      return single_use_;
    case session::Kind::kCounter:
      return counters_;
    case session::Kind::kRevokedToken:
      return revoked_tokens_;
    case session::Kind::kSession:
      break;
  }
  return active_;
}

void Table::count(const Record& record, bool added) {
  std::atomic<std::uint64_t>& records = counter_of(record);
  if (added) {
    add_to(records, std::uint64_t{1});
    add_to(bytes_, record.bytes());
  } else {
    add_to(records, ~std::uint64_t{0});
    add_to(bytes_, std::size_t{0} - record.bytes());
  }
}

void Table::add_to_index(const Record& record) {
  const std::size_t before = index_.bytes();
  index_.add(record);
  count_index(before);
}

void Table::remove_from_index(const Record& record) {
  const std::size_t before = index_.bytes();
  index_.remove(record);
  count_index(before);
}

void Table::count_index(std::size_t bytes_before) { add_to(bytes_, index_.bytes() - bytes_before); }

Usage Table::usage() const {
  return {.login = login_.load(std::memory_order_relaxed),
          .active = active_.load(std::memory_order_relaxed),
          .aliases = aliases_.load(std::memory_order_relaxed),
          .single_use = single_use_.load(std::memory_order_relaxed),
          .counters = counters_.load(std::memory_order_relaxed),
          .revoked_tokens = revoked_tokens_.load(std::memory_order_relaxed),
          .bytes = bytes_.load(std::memory_order_relaxed)};
}

}  // namespace sojourn::table
