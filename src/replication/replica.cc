#include "replication/replica.h"

#include <absl/container/inlined_vector.h>

#include <algorithm>

#include "base/hash.h"

namespace sojourn::replication {
namespace {

// One to one, and each bit of the value changes about half of those of the result: what SplitMix64
// does with its counter.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

// Id and version are each mixed before they meet. As the seed of the id's hash the version would do
// too little: of up to eight bytes of text XXH3 takes but the sum or difference with the seed, so
// that neighbouring names with neighbouring versions would have equal digests and cancel out.
std::uint64_t digest_of(const table::Key& key, Version version) {
  return mixed(key.hash() + mixed(version.epoch * 0x9E3779B97F4A7C15u + version.sequence));
}

}  // namespace

Replica::Replica(std::uint32_t segments, Rules rules) : rules_(rules), segments_(segments) {}

void Replica::put(const session::RecordRef& record) {
  const session::IdText id = record->id();
  put(record, table::Key(id, record->packed_id()));
}

void Replica::put(const session::RecordRef& record, const table::Key& key) {
  std::uint64_t& digest = segments_[segment_of(key).value].digest;
  if (!tombstones_.empty()) tombstones_.erase(std::string(key.text()));
  const session::RecordRef replaced = table_.put(record, key);
  digest ^= digest_of(key, record->version());
  if (replaced) digest ^= digest_of(key, replaced->version());
}

// A group at a time, so that what it needs of memory comes while the group before is put.
void Replica::fill(std::span<const Copy> copies) {
  struct Arriving {
    explicit Arriving(const session::Record& record)
        : id(record.id()), key(id, record.packed_id()) {}
    session::IdText id;
    table::Key key;
  };
  constexpr std::size_t kAtOnce = 16;
  absl::InlinedVector<Arriving, kAtOnce> group;
  for (; !copies.empty(); copies = copies.subspan(group.size())) {
    group.clear();
    for (const Copy& copy : copies.first(std::min(copies.size(), kAtOnce))) {
      const session::Record& record = *copy.record;
      if (record.last_seen() < copy.last_seen) record.set_last_seen(copy.last_seen);
      // Never more than there is place for: each key borrows from the id beside it.
      table_.prefetch_put(record, group.emplace_back(record).key);
    }
    for (std::size_t i = 0; i < group.size(); ++i) put(copies[i].record, group[i].key);
  }
}

void Replica::erase(std::string_view id) {
  const session::RecordRef erased = table_.erase(id);
  if (!erased) return;
  const table::Key key(id);
  segments_[segment_of(key).value].digest ^= digest_of(key, erased->version());
}

void Replica::bury(const std::string& id, Version version) {
  erase(id);
  tombstones_[id] = version;
  segments_[segment_of(id).value].tombstones[version].push_back(id);
}

std::pair<SegmentId, SegmentId> Replica::beside(SegmentId segment) const {
  const auto together = static_cast<std::uint32_t>(
      std::max<std::size_t>(segments_.size() / table::Table::kShards, 1));
  const std::uint32_t first = segment.value / together * together;
  return {{first}, {first + together - 1}};
}

Version Replica::version_of(const table::Key& key) const {
  if (!tombstones_.empty()) {
    const auto tombstone = tombstones_.find(std::string(key.text()));
    if (tombstone != tombstones_.end()) return tombstone->second;
  }
  const session::RecordRef record = table_.peek(key);
  return record ? record->version() : Version{};
}

bool Replica::is_newer(Version a, Version b) const {
  return rules_.keep(Rule::kVersionsBeginWithEpoch) ? a > b : a.sequence > b.sequence;
}

std::size_t Replica::clear(SegmentId segment) {
  drop_tombstones(segment);
  if (digest(segment) == 0) return 0;
  std::vector<std::string> ids;
  for_each(segment, [&](const session::Record& record, Time) { ids.emplace_back(record.id()); });
  for (const std::string& id : ids) erase(id);
  return ids.size();
}

void Replica::drop_tombstones(SegmentId segment) {
  auto& tombstones = segments_[segment.value].tombstones;
  if (!tombstones.empty()) drop_tombstones(segment, tombstones.rbegin()->first);
}

void Replica::drop_tombstones(SegmentId segment, Version up_to) {
  auto& tombstones = segments_[segment.value].tombstones;
  if (tombstones.empty()) return;
  const auto end = tombstones.upper_bound(up_to);
  for (auto at = tombstones.begin(); at != end; ++at) {
    for (const std::string& id : at->second) {
      const auto tombstone = tombstones_.find(id);
      if (tombstone != tombstones_.end() && tombstone->second == at->first) {
        tombstones_.erase(tombstone);
      }
    }
  }
  tombstones.erase(tombstones.begin(), end);
}

}  // namespace sojourn::replication
