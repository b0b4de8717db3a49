#include "replication/plane.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>

#include "session/id_draw.h"

namespace sojourn::replication {
namespace {

// Expiry is spread over ticks, so that a flood of it never holds up anything else.
constexpr std::size_t kExpiriesPerTick = 1024;
// When to look again at an expired session whose removal is under way, or has to wait.
constexpr Duration kExpiryRetry = std::chrono::seconds(1);
// A backup does not see reads, so its sessions look expired long before they are. It looks again
// rarely: its primary tells it.
constexpr Duration kBackupExpiryRetry = std::chrono::minutes(10);
// A backup may keep a tombstone for a while: usually the segment's next write clears it.
constexpr Duration kCommittedDelay = std::chrono::milliseconds(500);

}  // namespace

Plane::Plane(PlaneOptions options, Random& random)
    : options_(options), random_(random), serving_(options.segments), segments_(options.segments) {}

Plane::~Plane() = default;

void Plane::install(Time /*now*/, std::shared_ptr<const ring::Placement> placement,
                    std::optional<MemberIndex> self) {
  placement_ = std::move(placement);
  self_ = self;
  const std::uint64_t epoch = placement_->view().epoch;
  for (std::uint32_t segment = 0; segment < options_.segments; ++segment) {
    const bool primary = self_ && is_primary(*self_, SegmentId{segment});
    serving_.epoch_of_segment[segment].store(primary ? epoch : 0, std::memory_order_release);
  }
}

bool Plane::serves(std::string_view id) const {
  return serving_.epoch_of_segment[segment_of(id).value].load(std::memory_order_acquire) != 0;
}

bool Plane::is_primary(MemberIndex member, SegmentId segment_id) const {
  const auto owners = placement_->owners(segment_id);
  return !owners.empty() && owners.front() == member;
}

bool Plane::is_writer(SegmentId segment_id) const {
  const auto owners = placement_->owners(segment_id);
  return self_ && std::find(owners.begin(), owners.end(), *self_) != owners.end();
}

Version Plane::version(std::uint64_t sequence) const {
  return {placement_->view().epoch, sequence};
}

// Writes end in any order; the segment is committed up to the oldest that has not.
Version Plane::committed(const Segment& segment) const {
  return version(segment.writes.empty() ? segment.last_sequence
                                        : segment.writes.begin()->first - 1);
}

// As primary: mutations.

void Plane::execute(Time now, OperationId id, Operation operation, Time deadline) {
  assert(serves(operation.id));
  switch (memo_.standing(id)) {
    case Memo::Standing::kStale:
    case Memo::Standing::kRunning:
      return;
    case Memo::Standing::kDone:
      effects_.answers.push_back({id, memo_.result(id)});
      return;
    case Memo::Standing::kNew:
      break;
  }
  memo_.begin(id);
  if (writes_waiting_ >= options_.writes_waiting_max) {
    answer(id, {.status = absl::ResourceExhaustedError(
                    absl::StrFormat("the owner has %d writes waiting already", writes_waiting_))});
    return;
  }
  Waiting waiting = {.id = id, .operation = std::move(operation), .deadline = deadline};
  if (const auto queue = queues_.find(waiting.operation.id); queue != queues_.end()) {
    ++writes_waiting_;
    queue->second.push_back(std::move(waiting));
    return;
  }
  begin(now, std::move(waiting));
  begin_waiting(now);
}

// Evaluates the mutation. True if it is under way or committed, false if it ended without a write.
bool Plane::begin(Time now, Waiting waiting) {
  const Operation& operation = waiting.operation;
  const SegmentId segment_id = segment_of(operation.id);
  // A mutation is a use: it moves the idle expiry, and from here on until its own version is read.
  const auto found = table_.find(operation.id, now, true);
  const session::Record* current = found ? found->record.get() : nullptr;

  const auto draw_id = [&] {
    return session::search_id(
        random_, [&](std::string_view candidate) { return segment_of(candidate) == segment_id; });
  };
  const Version next = version(segments_[segment_id.value].last_sequence + 1);
  Evaluation evaluation = evaluate(operation, current, now, next, draw_id);
  if (evaluation.status.ok()) evaluation.status = admit(operation, evaluation, current);
  if (!evaluation.status.ok()) {
    answer(waiting.id, {.status = std::move(evaluation.status)});
    return false;
  }
  start_write(now, segment_id,
              Write{.id = waiting.id,
                    .session_id = std::move(waiting.operation.id),
                    .entries = std::move(evaluation.entries),
                    .answer = {.record = std::move(evaluation.answer), .last_seen = now}});
  return true;
}

// Whether there is memory for it, here and on the backups. New sessions are refused before live
// ones are kept from growing.
absl::Status Plane::admit(const Operation& operation, const Evaluation& evaluation,
                          const session::Record* current) const {
  if (!evaluation.answer) return absl::OkStatus();
  const std::size_t held = current ? current->bytes() : 0;
  const std::size_t wanted = evaluation.answer->bytes();
  if (wanted <= held) return absl::OkStatus();
  const bool create = operation.verb == Verb::kCreate;
  const std::size_t bound = create ? new_session_bytes_max() : options_.memory_bytes;
  const std::size_t used = table_.usage().bytes + bytes_under_way_;
  if (used + wanted - held > bound) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("sessions take %d of %d bytes on the owner", used, options_.memory_bytes));
  }
  if (!create) return absl::OkStatus();
  for (const MemberIndex owner : placement_->owners(segment_of(operation.id))) {
    if (full_members_.contains(owner)) {
      return absl::ResourceExhaustedError("member " + placement_->view().members[owner.value].name +
                                          " is at its memory bound");
    }
  }
  return absl::OkStatus();
}

void Plane::begin_expiry(Time now, const session::Record& record) {
  start_write(now, segment_of(record.id()),
              Write{.session_id = std::string(record.id()),
                    .entries = {{std::string(record.id()), session::RecordRef()}},
                    .by_expiry = true});
}

void Plane::start_write(Time now, SegmentId segment_id, Write write) {
  Segment& segment = segments_[segment_id.value];
  for (const MemberIndex owner : placement_->owners(segment_id)) {
    if (owner != *self_) write.unacknowledged.insert(owner);
  }
  write.bytes = write.answer.record ? write.answer.record->bytes() : 0;
  bytes_under_way_ += write.bytes;
  ++writes_waiting_;
  queues_[write.session_id];
  const std::uint64_t sequence = ++segment.last_sequence;
  Write& started = segment.writes.emplace(sequence, std::move(write)).first->second;
  if (started.unacknowledged.empty()) {
    commit(now, segment_id, sequence);
  } else {
    send_write(now, segment_id, sequence, started);
  }
}

void Plane::send_write(Time now, SegmentId segment_id, std::uint64_t sequence, Write& write) {
  for (const MemberIndex backup : write.unacknowledged) {
    effects_.outgoing.push_back(
        {backup, Replicate{.segment = segment_id,
                           .version = version(sequence),
                           .committed = committed(segments_[segment_id.value]),
                           .operation = write.id,
                           .entries = write.entries}});
  }
  write.next_send = now + options_.resend_interval;
  resends_.insert({write.next_send, {segment_id, sequence}});
}

void Plane::on(Time now, MemberIndex from, const ReplicateAck& ack) {
  if (ack.version.epoch != placement_->view().epoch) return;
  Segment& segment = segments_[ack.segment.value];
  const auto write = segment.writes.find(ack.version.sequence);
  if (write == segment.writes.end()) return;
  write->second.unacknowledged.erase(from);
  if (!write->second.unacknowledged.empty()) return;
  // Without the right to answer, the write stays under way: a later view decides what becomes of
  // it.
  if (now >= Time(Duration(serving_.lease_until.load(std::memory_order_acquire)))) return;
  commit(now, ack.segment, ack.version.sequence);
  begin_waiting(now);
}

void Plane::commit(Time now, SegmentId segment_id, std::uint64_t sequence) {
  Segment& segment = segments_[segment_id.value];
  Write write = std::move(segment.writes.extract(sequence).mapped());
  resends_.erase({write.next_send, {segment_id, sequence}});
  bytes_under_way_ -= write.bytes;
  --writes_waiting_;

  bool deleted = false;
  for (const Entry& entry : write.entries) {
    if (entry.record) {
      // Used now, not when the write began: what was read meanwhile under an old id must not be
      // forgotten, nor a session be answered that has expired while its write was under way.
      entry.record->bookkeeping().last_seen = now;
      table_.put(entry.record);
    } else {
      table_.erase(entry.id);
      deleted = true;
    }
  }
  if (deleted) owe_committed(now, segment_id, version(sequence));
  if (write.by_expiry) {
    ++expired_;
  } else {
    if (write.answer.record) write.answer.last_seen = now;
    answer(write.id, std::move(write.answer));
  }
  freed_.push_back(std::move(write.session_id));
}

// Begins what waited for the writes that were just committed. A loop, not a recursion: a write
// without backups is committed at once and frees the next.
void Plane::begin_waiting(Time now) {
  while (!freed_.empty()) {
    const std::string session_id = std::move(freed_.front());
    freed_.pop_front();
    const auto queue = queues_.find(session_id);
    if (queue->second.empty()) {
      queues_.erase(queue);
      continue;
    }
    Waiting next = std::move(queue->second.front());
    queue->second.pop_front();
    --writes_waiting_;
    if (next.deadline <= now) {
      // Its caller has given up by now; should it still ask, nothing happened.
      memo_.finish(next.id, {.status = absl::UnavailableError("its time was up before it began")});
      freed_.push_back(session_id);
    } else if (!begin(now, std::move(next))) {
      freed_.push_back(session_id);
    }
  }
}

bool Plane::withdraw(OperationId id, std::string_view session_id) {
  const auto queue = queues_.find(std::string(session_id));
  if (queue == queues_.end()) return false;
  const auto found = std::find_if(queue->second.begin(), queue->second.end(),
                                  [&](const Waiting& waiting) { return waiting.id == id; });
  if (found == queue->second.end()) return false;
  queue->second.erase(found);
  --writes_waiting_;
  return true;
}

void Plane::answer(OperationId id, Result result) {
  if (memo_.standing(id) == Memo::Standing::kStale) return;
  memo_.finish(id, result);
  effects_.answers.push_back({id, std::move(result)});
}

void Plane::set_memory_full(MemberIndex member, bool full) {
  if (full) {
    full_members_.insert(member);
  } else {
    full_members_.erase(member);
  }
}

// As backup.

void Plane::receive(Time now, MemberIndex from, const PlaneMessage& message) {
  if (!placement_) return;
  std::visit(
      [&](const auto& body) {
        // What another member says is checked for form only by the time it is here.
        if (body.segment.value < options_.segments) on(now, from, body);
      },
      message);
}

void Plane::on(Time /*now*/, MemberIndex from, const Replicate& replicate) {
  if (replicate.version.epoch != placement_->view().epoch) return;
  if (!is_writer(replicate.segment) || !is_primary(from, replicate.segment)) return;
  const bool of_segment =
      !replicate.entries.empty() &&
      std::all_of(replicate.entries.begin(), replicate.entries.end(),
                  [&](const Entry& entry) { return segment_of(entry.id) == replicate.segment; });
  if (!of_segment) return;
  Segment& segment = segments_[replicate.segment.value];
  if (replicate.version > segment.watermark) {
    if (replicate.operation.number != 0 &&
        memo_.standing(replicate.operation) == Memo::Standing::kNew) {
      const session::RecordRef& record = replicate.entries.front().record;
      memo_.finish(
          replicate.operation,
          {.record = record, .last_seen = record ? record->bookkeeping().last_seen : Time()});
    }
    for (const Entry& entry : replicate.entries) {
      apply(replicate.segment, replicate.version, entry);
    }
    raise_watermark(segment, replicate.committed);
  }
  effects_.outgoing.push_back(
      {from, ReplicateAck{.segment = replicate.segment, .version = replicate.version}});
}

Version Plane::version_of(const std::string& id) const {
  if (const auto tombstone = tombstones_.find(id); tombstone != tombstones_.end()) {
    return tombstone->second;
  }
  const session::RecordRef record = table_.peek(id);
  return record ? record->version() : Version{};
}

void Plane::apply(SegmentId segment_id, Version version, const Entry& entry) {
  if (version <= version_of(entry.id)) return;
  if (entry.record) {
    tombstones_.erase(entry.id);
    table_.put(entry.record);
    return;
  }
  table_.erase(entry.id);
  tombstones_[entry.id] = version;
  segments_[segment_id.value].tombstones[version].push_back(entry.id);
}

// What is committed at all writers needs no tombstone any more: the watermark refuses its repeats.
void Plane::raise_watermark(Segment& segment, Version committed) {
  if (committed <= segment.watermark) return;
  segment.watermark = committed;
  const auto end = segment.tombstones.upper_bound(committed);
  for (auto at = segment.tombstones.begin(); at != end; ++at) {
    for (const std::string& id : at->second) {
      const auto tombstone = tombstones_.find(id);
      if (tombstone != tombstones_.end() && tombstone->second == at->first) {
        tombstones_.erase(tombstone);
      }
    }
  }
  segment.tombstones.erase(segment.tombstones.begin(), end);
}

// Committed points: told by the primary, echoed by the backup.

void Plane::owe_committed(Time now, SegmentId segment_id, Version version) {
  for (const MemberIndex owner : placement_->owners(segment_id)) {
    if (owner != *self_) owed_committed_[{segment_id, owner}] = version;
  }
  if (!committed_due_ && !owed_committed_.empty()) committed_due_ = now + kCommittedDelay;
}

void Plane::send_committed(Time now) {
  for (const auto& [key, version] : owed_committed_) {
    const auto& [segment_id, backup] = key;
    const Version reached = committed(segments_[segment_id.value]);
    effects_.outgoing.push_back({backup, Committed{segment_id, reached}});
  }
  committed_due_.reset();
  if (!owed_committed_.empty()) committed_due_ = now + kCommittedDelay;
}

void Plane::on(Time /*now*/, MemberIndex from, const Committed& message) {
  if (message.version.epoch != placement_->view().epoch) return;
  if (is_primary(from, message.segment)) {
    Segment& segment = segments_[message.segment.value];
    raise_watermark(segment, message.version);
    effects_.outgoing.push_back({from, Committed{message.segment, segment.watermark}});
    return;
  }
  const auto owed = owed_committed_.find({message.segment, from});
  if (owed != owed_committed_.end() && message.version >= owed->second) owed_committed_.erase(owed);
}

// Time.

void Plane::tick(Time now) {
  if (!placement_) return;
  while (!resends_.empty() && resends_.begin()->first <= now) {
    const auto [segment_id, sequence] = resends_.begin()->second;
    resends_.erase(resends_.begin());
    Segment& segment = segments_[segment_id.value];
    Write& write = segment.writes.at(sequence);
    if (write.unacknowledged.empty()) {
      if (now < Time(Duration(serving_.lease_until.load(std::memory_order_acquire)))) {
        commit(now, segment_id, sequence);
      } else {
        write.next_send = now + options_.resend_interval;
        resends_.insert({write.next_send, {segment_id, sequence}});
      }
      continue;
    }
    send_write(now, segment_id, sequence, write);
  }

  if (committed_due_ && *committed_due_ <= now) send_committed(now);

  std::vector<session::RecordRef> expired;
  table_.collect_due(now, kExpiriesPerTick, [&](const session::Record& record) {
    if (!self_ || !is_primary(*self_, segment_of(record.id()))) return now + kBackupExpiryRetry;
    if (!busy(std::string(record.id()))) expired.push_back(session::RecordRef::share(record));
    return now + kExpiryRetry;
  });
  for (const session::RecordRef& record : expired) {
    // Ends it for good: a reader that is late with its time cannot use it again.
    if (!table_.find(record->id(), now, false)) begin_expiry(now, *record);
  }
  begin_waiting(now);
}

std::optional<Time> Plane::next_deadline() const {
  std::optional<Time> next = table_.next_due();
  const auto sooner = [&](Time time) { next = next ? std::min(*next, time) : time; };
  if (!resends_.empty()) sooner(resends_.begin()->first);
  if (committed_due_) sooner(*committed_due_);
  return next;
}

}  // namespace sojourn::replication
