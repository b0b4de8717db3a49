// Plane as a writer that is not the primary: what it applies, and how it gets into step.

#include <algorithm>
#include <utility>

#include "base/prefetch.h"
#include "replication/plane.h"

namespace sojourn::replication {
namespace {

// How often segments that are not in step are asked for again.
constexpr Duration kPullAgain = std::chrono::milliseconds(250);
constexpr std::size_t kStandingsPerMessage = 1024;

}  // namespace

void Plane::prefetch(std::span<const Replicate* const> group) const {
  absl::InlinedVector<table::Key, 32> keys;
  for (const Replicate* replicate : group) {
    if (replicate->segment.value >= options_.segments) continue;
    sojourn::prefetch(&segments_[replicate->segment.value]);
    for (const Entry& entry : replicate->entries) {
      if (entry.record) table().prefetch_put(*entry.record, keys.emplace_back(entry.id));
    }
  }
  for (const table::Key& key : keys) table().prefetch_replaced(key);
}

void Plane::on(Time /*now*/, MemberIndex from, const Replicate& replicate) {
  const Rules& rules = options_.rules;
  const SegmentId id = replicate.segment;
  if (replicate.version.epoch != epoch() && rules.keep(Rule::kEpochFence)) return;
  if (id.value >= options_.segments || !roles_->is_writer(*self_, id) || is_primary(id)) return;
  if (!roles_->is_primary(from, id) && rules.keep(Rule::kEpochFence)) return;
  absl::InlinedVector<table::Key, 2> keys;
  for (const Entry& entry : replicate.entries) keys.emplace_back(entry.id);
  const bool of_segment =
      !keys.empty() && std::all_of(keys.begin(), keys.end(), [&](const table::Key& key) {
        return replica_.segment_of(key) == id;
      });
  if (!of_segment) return;
  if (memo_.knows(replicate.operation.caller)) {
    memo_.settle(replicate.operation.caller, replicate.settled);
  }
  if (replicate.version > segment(id).watermark || !rules.keep(Rule::kWatermark)) {
    if (replicate.operation.number != 0 && memo_.is_news(replicate.operation, epoch())) {
      const Entry& first = replicate.entries.front();
      const session::RecordRef& record = first.record ? first.record : first.taken;
      memo_.finish(replicate.operation, id, epoch(),
                   {.record = record, .last_seen = record ? record->last_seen() : Time()});
    }
    bool news = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      news |= apply(replicate.version, replicate.entries[i], keys[i]);
    }
    // What says nothing new is a repeat: its event was kept, and may have been delivered since.
    if (news) keep_event(id, replicate.entries, replicate.occurrence, replicate.version);
    raise_watermark(id, replicate.committed);
  }
  events_.drop_below(id, replicate.delivered_below);
  send(from, ReplicateAck{.segment = id, .version = replicate.version, .keeps_events = listening_});
}

// Whether it was news.
bool Plane::apply(Version version, const Entry& entry, const table::Key& key) {
  if (!replica_.is_newer(version, replica_.version_of(key))) return false;
  if (entry.record) {
    replica_.put(entry.record, key);
  } else {
    replica_.bury(entry.id, version);
  }
  return true;
}

// What is committed at all writers needs no tombstone any more: the watermark refuses its repeats.
// But while a transfer is under way that may have begun before, it does.
void Plane::raise_watermark(SegmentId id, Version committed) {
  Segment& segment = this->segment(id);
  if (committed > segment.watermark) segment.watermark = committed;
  if (segment.in_step || !options_.rules.keep(Rule::kLearnersKeepTombstones)) {
    replica_.drop_tombstones(id, segment.watermark);
  }
}

void Plane::on(Time /*now*/, MemberIndex from, const Committed& message) {
  const SegmentId id = message.segment;
  if (id.value >= options_.segments || message.version.epoch != epoch()) return;
  if (roles_->is_primary(from, id)) {
    raise_watermark(id, message.version);
    // Only what is free of tombstones is done with.
    if (segment(id).in_step) send(from, Committed{id, segment(id).watermark});
    return;
  }
  const auto owed = owed_committed_.find({id, from});
  if (owed != owed_committed_.end() && message.version >= owed->second) owed_committed_.erase(owed);
}

void Plane::on(Time /*now*/, MemberIndex from, const Touched& touched) {
  for (const Touched::Use& use : touched.uses) {
    if (roles_->is_primary(from, segment_of(use.id))) {
      replica_.table().use(use.id, use.last_seen);
    }
  }
  send(from, TouchedAck{touched.number});
}

// Getting into step.

void Plane::pull(Time now, std::optional<MemberIndex> only_from) {
  pull_due_.reset();
  for (const auto& entry : pulls_) {
    const MemberIndex primary = entry.first;
    const std::set<SegmentId>& segments = entry.second;
    if (segments.empty()) continue;
    pull_due_ = now + kPullAgain;
    if (only_from && primary != *only_from) continue;
    // Those of which copies are missing first.
    Pull message;
    const auto flush = [&] {
      if (!message.segments.empty()) send(primary, std::exchange(message, {}));
    };
    for (const bool repairs : {true, false}) {
      for (const SegmentId id : segments) {
        if (roles_->needs_repair(id) != repairs) continue;
        message.segments.push_back({id, replica_.digest(id)});
        if (message.segments.size() == kStandingsPerMessage) flush();
      }
    }
    flush();
  }
}

void Plane::on(Time /*now*/, MemberIndex from, const InStep& message) {
  std::set<SegmentId> news;
  Pulled answer;
  for (const SegmentId id : message.segments) {
    if (id.value >= options_.segments || !roles_->is_primary(from, id)) continue;
    if (!roles_->is_writer(*self_, id)) continue;
    if (!segment(id).in_step) news.insert(id);
    answer.segments.push_back(id);
  }
  if (message.compared) {
    memo_.replace(news, epoch(), message.remembered);
    std::map<SegmentId, std::vector<Event>> events;
    for (const Undelivered& one : message.events) events[one.segment].push_back(one.event);
    for (const SegmentId id : news) replace_events(id, events[id]);
  }
  for (const SegmentId id : news) now_in_step(id);
  if (!answer.segments.empty()) send(from, std::move(answer));
}

void Plane::on(Time /*now*/, MemberIndex from, const Chunk& chunk) {
  const SegmentId id = chunk.segment;
  if (id.value >= options_.segments || !roles_->is_primary(from, id)) return;
  if (!roles_->is_writer(*self_, id)) return;
  const bool of_segment =
      std::all_of(chunk.copies.begin(), chunk.copies.end(),
                  [&](const Copy& copy) { return segment_of(copy.record->id()) == id; });
  if (!of_segment) return;
  Segment& segment = this->segment(id);
  if (!segment.in_step && chunk.transfer >= segment.transfer) {
    if (chunk.transfer > segment.transfer) {
      segment.transfer = chunk.transfer;
      drop_transfer(segment);
    }
    if (segment.chunks.insert(chunk.index).second) {
      segment.copies.insert(segment.copies.end(), chunk.copies.begin(), chunk.copies.end());
      segment.events.insert(segment.events.end(), chunk.events.begin(), chunk.events.end());
      if (chunk.last) {
        segment.last_chunk = chunk.index;
        segment.remembered = chunk.remembered;
      }
    }
    if (segment.last_chunk && segment.chunks.size() == *segment.last_chunk + std::size_t{1}) {
      finish_transfer(id);
    }
  }
  send(from, ChunkAck{.segment = id, .transfer = chunk.transfer, .index = chunk.index});
}

void Plane::drop_transfer(Segment& segment) {
  segment.chunks.clear();
  segment.last_chunk.reset();
  segment.copies.clear();
  segment.remembered.clear();
  segment.events.clear();
}

// What is still to come is likely as much, segment by segment, as what came. So the table gets room
// for it at once: step by step, each step would move all that is there.
void Plane::make_room_for(SegmentId id, std::size_t sessions) {
  ++transfers_received_;
  sessions_received_ += sessions;
  const std::size_t average = sessions_received_ / transfers_received_;
  const table::Usage held = replica_.table().usage();
  replica_.table().expect(held.login + held.active + segments_left_ * average);
  if (replica_.has_room(id, sessions)) return;
  std::size_t more = sessions;
  const auto [first, last] = replica_.beside(id);
  for (SegmentId other = first; other.value <= last.value; ++other.value) {
    if (other == id || segment(other).in_step) continue;
    if (roles_->is_writer(*self_, other)) more += average;
  }
  replica_.make_room(id, more);
}

// Nothing more is to come: the table keeps what its sessions take, and no more.
void Plane::give_back_room() {
  if (std::exchange(transfers_received_, 0) > 0) {
    replica_.table().expect(0);
    replica_.table().trim();
  }
  sessions_received_ = 0;
}

// Everything has arrived. What was here before this view counts for nothing against what the
// primary holds; what it wrote in this view counts by its version.
void Plane::finish_transfer(SegmentId id) {
  const Rules& rules = options_.rules;
  Segment& segment = this->segment(id);
  // A newcomer has nothing that these could meet.
  const bool anything_here = replica_.digest(id) != 0 || replica_.tombstones() != 0;
  if (!anything_here) {
    make_room_for(id, segment.copies.size());
    replica_.fill(segment.copies);
    segment.copies.clear();
  }
  std::set<std::string, std::less<>> held;
  for (const Copy& copy : segment.copies) {
    std::string session_id(copy.record->id());
    const Version here = replica_.version_of(session_id);
    const bool newer_here =
        here.epoch == epoch() && !replica_.is_newer(copy.record->version(), here);
    if (!newer_here || !rules.keep(Rule::kSnapshotNeverOverwrites)) {
      replica_.put(copy.record);
      replica_.table().use(session_id, copy.last_seen);
    }
    held.insert(std::move(session_id));
  }
  std::vector<std::string> extra;
  if (anything_here && rules.keep(Rule::kForgetting)) {
    replica_.for_each(id, [&](const session::Record& record, Time) {
      const bool older = record.version().epoch < epoch();
      if (older && !held.contains(record.id())) extra.emplace_back(record.id());
    });
  }
  for (const std::string& session_id : extra) replica_.erase(session_id);
  memo_.replace({id}, epoch(), segment.remembered);
  replace_events(id, segment.events);
  now_in_step(id);
}

void Plane::now_in_step(SegmentId id) {
  Segment& segment = this->segment(id);
  segment.in_step = true;
  drop_transfer(segment);
  pulls_[*roles_->primary(id)].erase(id);
  --segments_left_;
  if (roles_->is_learner(*self_, id) && roles_->needs_repair(id)) --repairs_left_;
  if (segments_left_ == 0) give_back_room();
  replica_.drop_tombstones(id, segment.watermark);
}

}  // namespace sojourn::replication
