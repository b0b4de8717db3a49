// Plane as primary: mutations.

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cassert>

#include "replication/plane.h"
#include "session/companion.h"
#include "session/id_draw.h"

namespace sojourn::replication {
namespace {

// A backup may keep a tombstone for a while: usually the segment's next write clears it.
constexpr Duration kCommittedDelay = std::chrono::milliseconds(500);
// How often uses are collected to be told; no use is told twice in a use_interval().
constexpr Duration kUsesInterval = std::chrono::milliseconds(200);
constexpr std::size_t kUsesPerMessage = 512;

}  // namespace

Version Plane::committed(const Segment& segment) const {
  return version(segment.writes.empty() ? segment.last_sequence
                                        : segment.writes.begin()->first - 1);
}

// Mutations.

void Plane::execute(Time now, OperationId id, const Operation& operation, Time deadline,
                    bool fresh) {
  assert(serves(operation.id));
  switch (memo_.standing(id)) {
    case Memo::Standing::kStale:
    case Memo::Standing::kRunning:
      return;
    case Memo::Standing::kDone:
      if (!has_lease(now)) return;  // who asked asks again
      effects_.answers.push_back({id, memo_.result(id)});
      return;
    case Memo::Standing::kNew:
      break;
  }
  memo_.begin(id);
  // Without the rule there is nothing to wait for, and nobody who would have to know.
  if (!options_.rules.keep(Rule::kTombstoneForAbsent) && operation.verb == Verb::kRevoke &&
      !table().peek(operation.id)) {
    return answer(id, segment_of(operation.id), {});
  }
  if (writes_waiting_ >= options_.writes_waiting_max) {
    answer(id, segment_of(operation.id),
           {.status = absl::ResourceExhaustedError(
                absl::StrFormat("the owner has %d writes waiting already", writes_waiting_))});
    return;
  }
  const Mutation mutation = {
      .id = id, .operation = operation, .deadline = deadline, .fresh = fresh};
  if (fresh) {
    begin(now, mutation);
    return begin_waiting(now);
  }
  if (const auto queue = queues_.find(queue_of(operation.id)); queue != queues_.end()) {
    ++writes_waiting_;
    queue->second.waiting().push_back(waiting_of(mutation));
    return;
  }
  begin(now, mutation);
  begin_waiting(now);
}

// Evaluates the mutation. True if it is under way or committed, or its session is being ended
// first; false if it ended without a write.
bool Plane::begin(Time now, const Mutation& mutation) {
  const Operation& operation = mutation.operation;
  const table::Key key(operation.id);
  const SegmentId segment_id = replica_.segment_of(key);
  // A mutation is a use: it moves the idle expiry, and from here on until its own version is read.
  const bool use = !is_companion_verb(operation.verb);
  table::Found found;
  if (!mutation.fresh) {
    found = replica_.table().find(
        key, [now] { return Moment(now); }, use, promoted_at(segment_id));
  }
  if (found.ended && replica_.table().end(operation.id, now, promoted_at(segment_id))) {
    std::string session_id = operation.id;
    queues_[session_id].waiting().push_front(waiting_of(mutation));
    ++writes_waiting_;
    begin_expiry(now, std::move(session_id));
    return true;
  }
  const session::Record* current = found.record.get();
  if (!has_lease(now) && options_.rules.keep(Rule::kLease)) {
    // Nothing that this member sees may be told, not even that there is nothing: who asked asks
    // again.
    if (mutation.ending) {
      end_again(now, *mutation.ending, operation.id);
    } else {
      memo_.abandon(mutation.id);
    }
    return false;
  }
  if (current && current->is_alias() && operation.verb != Verb::kCreate) {
    if (mutation.ending) {
      // The session was renewed before its turn came, and ends under its new id: note_arrivals().
      ended(*mutation.ending, operation.id, false);
      return false;
    }
    return begin_through(now, *current, mutation);
  }
  if (!current && roles_->is_lost(segment_id) && !ignores_losses(operation.verb)) {
    answer(mutation.id, segment_id, {.status = lost()});
    return false;
  }

  std::optional<Operation> overtaken;
  if (is_overtaken(mutation.id, operation, current)) {
    overtaken = operation;
    overtaken->overtaken = true;
  }
  const auto draw_id = [&] {
    return session::search_id(
        random_, [&](std::string_view candidate) { return segment_of(candidate) == segment_id; });
  };
  const Version next = version(segment(segment_id).last_sequence + 1);
  Evaluation evaluation = evaluate(overtaken ? *overtaken : operation, current, now, next, draw_id);
  std::vector<std::string> ended;
  if (evaluation.status.ok()) evaluation.status = admit(operation, evaluation, current, ended);
  if (!evaluation.status.ok()) {
    answer(mutation.id, segment_id, {.status = std::move(evaluation.status)});
    return false;
  }
  if (needs_admission(mutation, current)) {
    apply_for(now, mutation);
    return true;
  }
  if (mutation.fresh) table().prefetch_put(*evaluation.entries.front().record, key);
  start_write(now, segment_id,
              Write{.id = mutation.id,
                    .session_id = operation.id,
                    .entries = std::move(evaluation.entries),
                    .answer = {.record = std::move(evaluation.answer), .last_seen = now},
                    .occurrence = occurrence_of(evaluation.cause, current),
                    .ending = mutation.ending,
                    .was_there = current != nullptr});
  // After it: they may get versions of the same segment, and its own is the next.
  for (std::string& id : ended) end_for_room(now, std::move(id));
  return true;
}

// A mutation under an id that its session has given up. Who has nothing but that id may read, and
// may end the session, because a logout must not fail for having crossed a renewal. Nothing else: a
// renewal would be worth little if the old id could do what the new one can.
bool Plane::begin_through(Time now, const session::Record& alias, const Mutation& mutation) {
  const SegmentId segment_id = segment_of(alias.id());
  const session::RecordRef session = replica_.table().peek(alias.alias_of());
  if (mutation.operation.verb != Verb::kRevoke) {
    const bool dead = !session || session->is_alias();
    answer(mutation.id, segment_id,
           {.status = dead ? absl::NotFoundError("no such session")
                           : absl::FailedPreconditionError(
                                 "the session has a new id, and can only be read by this one")});
    return false;
  }
  if (!session) {
    const std::string& session_id = mutation.operation.id;
    start_write(now, segment_id,
                Write{.id = mutation.id,
                      .session_id = session_id,
                      .entries = entries_of(session_id, session::RecordRef())});
    return true;
  }
  // Behind what is under way with the session itself; should that be a renewal, so once more. With
  // the session the alias is dead.
  Waiting through = waiting_of(mutation);
  through.operation.id = std::string(session->id());
  if (const auto queue = queues_.find(through.operation.id); queue != queues_.end()) {
    ++writes_waiting_;
    queue->second.waiting().push_back(std::move(through));
  } else {
    begin(now, through.mutation());
  }
  return false;
}

void Plane::expire(Time now, std::string_view id) {
  expire_if_due(now, id);
  begin_waiting(now);
}

void Plane::expire_if_due(Time now, std::string_view id) {
  const SegmentId segment_id = segment_of(id);
  std::string session_id(id);
  if (!is_active(segment_id) || busy(session_id)) return;
  if (replica_.table().end(id, now, promoted_at(segment_id))) {
    return begin_expiry(now, std::move(session_id));
  }
  const session::RecordRef alias = replica_.table().peek(id);
  if (alias && alias->is_alias() && alias->alias_of() != id) expire_if_due(now, alias->alias_of());
}

void Plane::begin_expiry(Time now, std::string id) {
  const session::RecordRef ended = table().peek(id);
  expiry_pace_.begin();
  start_write(now, segment_of(id),
              Write{.session_id = id,
                    .entries = entries_of(id, session::RecordRef()),
                    .occurrence = occurrence_of(Cause::kExpired, ended.get()),
                    .by_expiry = true});
}

void Plane::start_write(Time now, SegmentId segment_id, Write&& write) {
  Segment& segment = this->segment(segment_id);
  expect_acknowledgements(segment_id, write);
  write.bytes = bytes_of(write.entries);
  bytes_under_way_ += write.bytes;
  ++writes_waiting_;
  if (!busy(write.session_id)) spare_queues_.add(queues_, write.session_id);
  note_arrivals(write);
  const std::uint64_t sequence = ++segment.last_sequence;
  write.occurrence.number = version(sequence);
  Write& started = spare_writes_.add(segment.writes, sequence, std::move(write))->second;
  if (!options_.rules.keep(Rule::kCommittedReads)) apply_as_primary(now, started);
  if (may_commit(now, segment_id, started)) {
    if (!started.unacknowledged.empty()) send_write(now, segment_id, sequence, started);
    commit(now, segment_id, sequence);
  } else {
    send_write(now, segment_id, sequence, started);
  }
}

void Plane::send_write(Time now, SegmentId segment_id, std::uint64_t sequence, Write& write) {
  for (const MemberIndex writer : write.unacknowledged) {
    send(writer, Replicate{.segment = segment_id,
                           .version = version(sequence),
                           .committed = committed(segment(segment_id)),
                           .operation = write.id,
                           .settled = std::min(memo_.settled(write.id.caller), write.id.number),
                           .entries = write.entries,
                           .occurrence = write.occurrence,
                           .delivered_below = delivered_below(segment_id)});
  }
  write.next_send = now + options_.resend_interval;
  resends_.add(write.next_send, {segment_id, sequence});
}

void Plane::expect_acknowledgements(SegmentId segment_id, Write& write) const {
  write.unacknowledged.clear();
  for (const MemberIndex writer : roles_->writers(segment_id)) {
    if (writer != *self_) write.unacknowledged.push_back(writer);
  }
  std::sort(write.unacknowledged.begin(), write.unacknowledged.end());
}

void Plane::forget_resends() {
  resends_.drop_outdated([this](const std::pair<SegmentId, std::uint64_t>& write, Time at) {
    return is_sent_again_at(write, at);
  });
}

bool Plane::is_sent_again_at(const std::pair<SegmentId, std::uint64_t>& write, Time at) const {
  const auto& writes = segments_[write.first.value].writes;
  const auto found = writes.find(write.second);
  return found != writes.end() && found->second.next_send == at;
}

void Plane::on(Time now, MemberIndex from, const ReplicateAck& ack) {
  if (ack.version.epoch != epoch() && options_.rules.keep(Rule::kEpochFence)) return;
  Segment& segment = this->segment(ack.segment);
  const auto write = segment.writes.find(ack.version.sequence);
  if (write == segment.writes.end()) return;
  auto& unacknowledged = write->second.unacknowledged;
  const auto waited_for = std::find(unacknowledged.begin(), unacknowledged.end(), from);
  if (waited_for != unacknowledged.end()) unacknowledged.erase(waited_for);
  if (ack.keeps_events) owe_delivered(now, ack.segment, from);
  if (may_commit(now, ack.segment, write->second)) {
    commit(now, ack.segment, ack.version.sequence);
  }
}

// Without the right to answer the write stays under way: a later view decides what becomes of it.
bool Plane::may_commit(Time now, SegmentId id, const Write& write) const {
  const Rules& rules = options_.rules;
  return (write.unacknowledged.empty() || !rules.keep(Rule::kAllWriters)) && is_active(id) &&
         (has_lease(now) || !rules.keep(Rule::kLeaseAfterAcks));
}

void Plane::apply_as_primary(Time now, const Write& write) {
  for (const Entry& entry : write.entries) {
    if (!counts_.empty()) {
      if (const auto before = table().peek(entry.id)) keep_count(*before, false);
      if (entry.record) keep_count(*entry.record, true);
    }
    if (entry.record) {
      // Used now, not when the write began: what was read meanwhile under an old id must not be
      // forgotten, nor a session be answered that has expired while its write was under way.
      entry.record->set_last_seen(now);
      replica_.put(entry.record, table::Key(entry.id));
    } else {
      replica_.erase(entry.id);
    }
  }
}

void Plane::commit(Time now, SegmentId segment_id, std::uint64_t sequence) {
  auto& writes = segment(segment_id).writes;
  Write write = spare_writes_.take(writes, writes.find(sequence));
  forget_resends();
  bytes_under_way_ -= write.bytes;
  --writes_waiting_;
  forget_arrivals(write);

  if (options_.rules.keep(Rule::kCommittedReads)) apply_as_primary(now, write);
  const bool deleted = std::any_of(write.entries.begin(), write.entries.end(),
                                   [](const Entry& entry) { return !entry.record; });
  if (deleted) owe_committed(now, segment_id, version(sequence));
  keep_event(segment_id, write.entries, write.occurrence, version(sequence));
  offer_events(segment_id);
  if (!write.by_expiry || is_short_of_memory()) expiry_pace_.earn();
  if (write.by_expiry) {
    expiry_pace_.end();
    if (session::is_companion(write.session_id)) {
      ++companions_expired_;
    } else if (write.occurrence.cause == Cause::kExpired) {
      ++expired_;
    }
    effects_.news = true;
  } else if (write.for_room) {
    ++logins_ended_for_room_;
    // It may have come to its end meanwhile, and readers wait for that.
    effects_.news = true;
  } else if (write.ending) {
    ended(*write.ending, write.session_id, write.was_there);
  } else {
    if (write.answer.record) write.answer.last_seen = now;
    answer(write.id, segment_id, std::move(write.answer));
  }
  freed_.push_back(std::move(write.session_id));
}

// Begins the removals that are allowed, and what waited for the writes that were just committed. A
// loop, not a recursion: a write without backups is committed at once and frees the next.
void Plane::begin_waiting(Time now) {
  if (expiry_pace_.allowed() > 0) begin_expiries(now);
  do {
    while (!freed_.empty()) begin_next(now);
    if (endings_due_ && *endings_due_ <= now) continue_endings(now);
  } while (!freed_.empty());
}

void Plane::begin_next(Time now) {
  const std::string session_id = std::move(freed_.front());
  freed_.pop_front();
  const auto queue = queues_.find(session_id);
  if (queue == queues_.end()) return;
  if (queue->second.empty()) {
    spare_queues_.erase(queues_, queue);
    return;
  }
  Waiting next = std::move(queue->second.waiting().front());
  queue->second.waiting().pop_front();
  --writes_waiting_;
  const bool renamed = next.operation.id != session_id;
  if (renamed) {
    // It waited for a session to be made under another id, and goes on in that one's queue.
    if (const auto own = queues_.find(next.operation.id); own != queues_.end()) {
      ++writes_waiting_;
      own->second.waiting().push_back(std::move(next));
      freed_.push_back(session_id);
      return;
    }
  }
  if (next.deadline <= now) {
    // Its caller has given up by now; should it still ask, nothing happened.
    memo_.finish(next.id, segment_of(session_id), epoch(),
                 {.status = absl::UnavailableError("its time was up before it began")});
    freed_.push_back(session_id);
  } else if (!begin(now, next.mutation()) || renamed) {
    freed_.push_back(session_id);
  }
}

bool Plane::withdraw(OperationId id, std::string_view session_id) {
  if (const auto application = applications_.find(id); application != applications_.end()) {
    freed_.push_back(application->second.operation.id);
    applications_.erase(application);
    --writes_waiting_;
    memo_.abandon(id);
    return true;
  }
  const auto queue = queues_.find(std::string(session_id));
  if (queue == queues_.end()) return false;
  if (queue->second.empty()) return false;
  std::deque<Waiting>& waiting = queue->second.waiting();
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const Waiting& one) { return one.id == id; });
  if (found == waiting.end()) return false;
  waiting.erase(found);
  --writes_waiting_;
  return true;
}

void Plane::answer(OperationId id, SegmentId segment, Result result) {
  if (!memo_.finish(id, segment, epoch(), result)) return;
  effects_.answers.push_back({id, std::move(result)});
}

// Committed points: told by the primary, echoed by the backup.

void Plane::owe_committed(Time now, SegmentId segment_id, Version version) {
  for (const MemberIndex writer : roles_->writers(segment_id)) {
    if (writer != *self_) owed_committed_[{segment_id, writer}] = version;
  }
  if (!committed_due_ && !owed_committed_.empty()) committed_due_ = now + kCommittedDelay;
}

void Plane::send_committed(Time now) {
  for (const auto& [key, version] : owed_committed_) {
    const auto& [segment_id, writer] = key;
    send(writer, Committed{segment_id, committed(segment(segment_id))});
  }
  committed_due_.reset();
  if (!owed_committed_.empty()) committed_due_ = now + kCommittedDelay;
}

// Uses.

void Plane::tell_uses(Time now) {
  uses_due_ = now + kUsesInterval;
  for (const session::RecordRef& record : replica_.table().take_used()) {
    std::string id(record->id());
    const SegmentId segment_id = segment_of(id);
    // Looking for it may take a wait for memory: only if there is somebody to be told.
    if (!is_active(segment_id) || roles_->writers(segment_id).size() == 1) continue;
    const std::optional<Time> last_seen = table().last_seen(id);
    if (!last_seen) continue;
    for (const MemberIndex writer : roles_->writers(segment_id)) {
      if (writer != *self_) uses_[writer].next[id] = *last_seen;
    }
  }
  for (auto& [writer, uses] : uses_) {
    if (uses.told.empty()) {
      uses.number = ++uses_told_;
      while (!uses.next.empty() && uses.told.size() < kUsesPerMessage) {
        uses.told.insert(uses.next.extract(uses.next.begin()));
      }
    } else if (now < uses.tell_again_at) {
      continue;
    }
    if (uses.told.empty()) continue;
    uses.tell_again_at = now + 2 * kUsesInterval;
    Touched touched = {.number = uses.number};
    for (const auto& [id, last_seen] : uses.told) touched.uses.push_back({id, last_seen});
    send(writer, std::move(touched));
  }
}

void Plane::on(Time now, MemberIndex from, const TouchedAck& ack) {
  const auto uses = uses_.find(from);
  if (uses == uses_.end() || uses->second.number != ack.number) return;
  uses->second.told.clear();
  if (!uses->second.next.empty()) uses_due_ = now;
}

}  // namespace sojourn::replication
