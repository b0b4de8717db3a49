#include "table/table.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "session/companion.h"
#include "table/set_room.h"

namespace sojourn::table {
namespace {

using session::Record;
using session::RecordRef;

}  // namespace

Duration use_interval(Lifetime lifetime) {
  return std::max<Duration>(std::chrono::seconds(1), Duration(lifetime.idle) / 20);
}

Table::~Table() {
  for (Shard& shard : shards_) {
    SpinLockHolder held(shard.lock);
    for (const Entry& entry : shard.entries) {
      TimingWheel::remove(*entry.record);
      RecordRef::release(entry.record);
    }
  }
}

// Whether the record's time is up. Under the lock of its shard.
bool Table::is_over(const Record& record, Time now, Time promoted_at) {
  const Time last_seen = record.bookkeeping().last_seen;
  if (record.ended()) return true;
  if (now < record.expires_at(last_seen)) return false;
  const Time late_use =
      std::min(promoted_at, last_seen + use_interval(record.lifetime()) + kUseDelayMax);
  return late_use <= last_seen || now >= record.expires_at(late_use);
}

Found Table::find(std::string_view id, Time now, bool touch, Time promoted_at) const {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return {};
  const Record& record = *found->record;
  if (is_over(record, now, promoted_at)) return {.ended = true};
  Time& last_seen = record.bookkeeping().last_seen;
  if (touch && now > last_seen && !record.is_alias()) {
    const Duration interval = use_interval(record.lifetime());
    const bool first = now.time_since_epoch() / interval != last_seen.time_since_epoch() / interval;
    if (first) shard.used.push_back(RecordRef::share(record));
    last_seen = now;
  }
  return Found{RecordRef::share(record), last_seen};
}

bool Table::end(std::string_view id, Time now, Time promoted_at) {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end() || !is_over(*found->record, now, promoted_at)) return false;
  found->record->ended() = true;
  return true;
}

void Table::revive(std::string_view id) {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const auto found = shard.entries.find(key);
  if (found != shard.entries.end()) found->record->ended() = false;
}

RecordRef Table::peek(std::string_view id) const {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const auto found = shard.entries.find(key);
  return found == shard.entries.end() ? RecordRef() : RecordRef::share(*found->record);
}

RecordRef Table::put(const RecordRef& record) {
  const Key key = key_of(record->id());
  Shard& shard = shard_of(key);
  if (shard.insertions_left == 0) make_room(shard, 1);

  RecordRef replaced;
  Time end;
  {
    SpinLockHolder held(shard.lock);
    Time& last_seen = record->bookkeeping().last_seen;
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end()) {
      shard.entries.insert(Entry{RecordRef(record).leak()});
      --shard.insertions_left;
    } else {
      replaced = RecordRef::adopt(std::exchange(found->record, RecordRef(record).leak()));
      last_seen = std::max(replaced->bookkeeping().last_seen, last_seen);
    }
    end = record->expires_at(last_seen);
  }
  wheel_.add(*record, end);
  count(*record, true);
  if (replaced) {
    TimingWheel::remove(*replaced);
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
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return;
  Time& before = found->record->bookkeeping().last_seen;
  before = std::max(before, last_seen);
}

std::vector<RecordRef> Table::take_used() {
  std::vector<RecordRef> used;
  for (const Shard& shard : shards_) {
    SpinLockHolder held(shard.lock);
    std::move(shard.used.begin(), shard.used.end(), std::back_inserter(used));
    shard.used.clear();
  }
  return used;
}

std::optional<Time> Table::last_seen(std::string_view id) const {
  const Key key = key_of(id);
  const Shard& shard = shard_of(key);
  SpinLockHolder held(shard.lock);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return std::nullopt;
  return found->record->bookkeeping().last_seen;
}

Time Table::last_seen(const Shard& shard, const Record& record) {
  SpinLockHolder held(shard.lock);
  return record.bookkeeping().last_seen;
}

RecordRef Table::erase(std::string_view id) {
  const Key key = key_of(id);
  Shard& shard = shard_of(key);
  RecordRef erased;
  std::size_t left = 0;
  {
    SpinLockHolder held(shard.lock);
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end()) return {};
    erased = RecordRef::adopt(found->record);
    shard.entries.erase(found);
    left = shard.entries.size();
  }
  TimingWheel::remove(*erased);
  count(*erased, false);
  remove_from_index(*erased);
  if (left < shard.room / 8) make_room(shard, 0);
  return erased;
}

Time Table::ends_at(const Record& record) const {
  const Shard& shard = shard_of(key_of(record.id()));
  SpinLockHolder held(shard.lock);
  return record.expires_at(record.bookkeeping().last_seen);
}

// Makes the shard's set anew, with room for what it holds and at least `more` entries. Readers go
// on with the old one meanwhile: only the writer changes a set, so the writer may read it without
// the lock.
void Table::make_room(Shard& shard, std::size_t more) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const std::size_t room = room_for(shard.entries.size() + more);
  Entries entries;
  entries.reserve(room);
  for (const Entry& entry : shard.entries) entries.insert(entry);
  bytes_.fetch_add(set_bytes(room), std::memory_order_relaxed);
  {
    SpinLockHolder held(shard.lock);
    shard.entries.swap(entries);
  }
  bytes_.fetch_sub(set_bytes(shard.room), std::memory_order_relaxed);
  shard.room = room;
  shard.insertions_left = room - shard.entries.size();
}

std::atomic<std::uint64_t>& Table::counter_of(const Record& record) {
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
  if (record.is_alias()) return aliases_;
  return record.phase() == Phase::kLogin ? login_ : active_;
}

void Table::count(const Record& record, bool added) {
  std::atomic<std::uint64_t>& records = counter_of(record);
  if (added) {
    records.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(record.bytes(), std::memory_order_relaxed);
  } else {
    records.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(record.bytes(), std::memory_order_relaxed);
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

void Table::count_index(std::size_t bytes_before) {
  // Unsigned, so that less is more by the whole range.
  bytes_.fetch_add(index_.bytes() - bytes_before, std::memory_order_relaxed);
}

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
