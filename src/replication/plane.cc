#include "replication/plane.h"

#include <algorithm>
#include <cassert>

#include "session/companion.h"

namespace sojourn::replication {
namespace {

// Ids of expired sessions that are taken in one step, also those that cannot be removed just now.
constexpr std::size_t kExpiriesPerStep = 64;
// Sessions that are looked at in one go for those whose time is up; a few more may stand together.
constexpr std::size_t kLookedAtAtOnce = 64;
// When to look again at an expired session whose removal is under way, or has to wait.
constexpr Duration kExpiryRetry = std::chrono::seconds(1);
// Sessions that are forgotten in one step, and the time until the next; one segment may be more.
constexpr std::size_t kForgottenAtOnce = 512;
constexpr Duration kForgetAgain = std::chrono::milliseconds(2);

}  // namespace

Plane::Plane(PlaneOptions options, Random& random)
    : options_(options),
      random_(random),
      replica_(options.segments, options.rules),
      serving_(options.segments),
      segments_(options.segments),
      events_(options.events_max) {}

Plane::~Plane() = default;

const absl::Status& Plane::absent() {
  static const auto* const status = new absl::Status(absl::NotFoundError("no such session"));
  return *status;
}

Result Plane::seen_through(const session::Record& alias, const table::Found& session) {
  if (!session || session.record->is_alias()) return {.status = absent()};
  return {.record = session::Record::seen_through(alias, *session.record, session.last_seen),
          .last_seen = session.last_seen};
}

absl::Status Plane::lost() {
  return absl::DataLossError(
      "all copies of this part of the sessions were lost, and the session may have been among "
      "them");
}

bool Plane::serves(std::string_view id) const {
  return serving_.epoch_of_segment[segment_of(id).value].load(std::memory_order_acquire) != 0;
}

// Views.

void Plane::install(Time now, std::shared_ptr<const ring::Roles> roles, MemberIndex self) {
  const std::shared_ptr<const ring::Roles> before = std::exchange(roles_, std::move(roles));
  const MemberIndex self_before = std::exchange(self_, self).value_or(MemberIndex{});
  confirmed_ = false;
  memory_levels_.clear();
  if (options_.end_oldest_logins) replica_.table().reconsider_logins();
  owed_committed_.clear();
  committed_due_.reset();
  pulls_.clear();
  sendings_.clear();
  told_in_step_.clear();
  in_step_due_.reset();
  to_forget_.clear();
  counts_.clear();
  give_back_room();
  // Who asked under the view before asks again.
  for (auto& [question, ending] : endings_) {
    ending.running = false;
    ending.todo.clear();
    ending.under_way.clear();
  }
  endings_due_.reset();
  repairs_left_ = segments_left_ = primaries_ = primaries_waiting_ = 0;

  // What was to be told to the backups of before is for those of now.
  std::map<std::string, Time> uses;
  for (const auto& [backup, pending] : std::exchange(uses_, {})) {
    for (const auto& list : {pending.told, pending.next}) {
      for (const auto& [id, last_seen] : list) uses[id] = std::max(uses[id], last_seen);
    }
  }

  const std::map<MemberIndex, Telling> tellings = std::exchange(tellings_, {});
  events_.recall();

  std::set<Incarnation> members;
  for (const Member& member : roles_->view().members) members.insert({member.incarnation});
  memo_.keep_only(std::move(members));

  for (std::uint32_t i = 0; i < options_.segments; ++i) {
    install(now, SegmentId{i}, before.get(), self_before);
  }
  for (const auto& [id, last_seen] : uses) {
    const SegmentId segment_id = segment_of(id);
    if (!is_primary(segment_id)) continue;
    for (const MemberIndex writer : roles_->writers(segment_id)) {
      if (writer != *self_) uses_[writer].next[id] = last_seen;
    }
  }
  prune_keys();
  if (!applications_.empty()) apply_again(now);
  tell_new_writers(now, tellings);
  forget(now);
  pull(now, std::nullopt);
  begin_waiting(now);
  effects_.news = true;
}

// Forgets what this member is no writer of, some of it now and the rest soon: hundreds of thousands
// of sessions at once would keep everybody waiting. Nobody asks for them here any more, and should
// this member become a writer of their segment again, they count for nothing against its primary.
void Plane::forget(Time now) {
  if (!options_.rules.keep(Rule::kForgetting)) to_forget_.clear();
  for (std::size_t forgotten = 0; !to_forget_.empty() && forgotten < kForgottenAtOnce;) {
    forgotten += replica_.clear(to_forget_.front());
    to_forget_.pop_front();
  }
  forget_due_.reset();
  if (!to_forget_.empty()) forget_due_ = now + kForgetAgain;
}

void Plane::install(Time now, SegmentId id, const ring::Roles* before, MemberIndex self_before) {
  using Standing = Segment::Standing;
  Segment& segment = this->segment(id);
  const Standing standing_before = std::exchange(segment.standing, Standing::kFollowing);
  serving_.epoch_of_segment[id.value].store(0, std::memory_order_release);
  segment.out_of_step.clear();
  segment.in_step = false;
  segment.transfer = 0;
  drop_transfer(segment);
  replica_.drop_tombstones(id);

  const auto loss = roles_->layout().losses.find(id);
  const bool began_anew = loss != roles_->layout().losses.end() &&
                          (!before || before->view().epoch < loss->second.epoch);
  if (began_anew) {
    abandon_writes(id);
    events_.clear(id);
    if (options_.rules.keep(Rule::kForgetting)) replica_.clear(id);
  }
  if (!roles_->is_writer(*self_, id)) {
    abandon_writes(id);
    events_.clear(id);
    if (replica_.digest(id) != 0) to_forget_.push_back(id);
    return;
  }

  if (!roles_->is_primary(*self_, id)) {
    abandon_writes(id);
    ++segments_left_;
    if (roles_->is_learner(*self_, id) && roles_->needs_repair(id)) ++repairs_left_;
    pulls_[*roles_->primary(id)].insert(id);
    return;
  }
  ++primaries_;
  ++primaries_waiting_;

  // Whoever was the primary in the view just before, and knows all that was answered.
  const bool goes_on =
      before && !began_anew && standing_before != Standing::kPromoted &&
      standing_before != Standing::kFollowing && before->view().epoch + 1 == epoch() &&
      before->view().generation == roles_->view().generation && before->is_primary(self_before, id);
  if (goes_on) {
    segment.standing = Standing::kConfirming;
    send_again_under_new_view(now, id);
    const bool knew = standing_before == Standing::kActive;
    if (knew && !lost_living_holder(id, *before)) segment.standing = Standing::kActive;
  } else {
    abandon_writes(id);
    segment.standing = Standing::kPromoted;
    for (const MemberIndex holder : roles_->base(id)) {
      if (holder != *self_) segment.out_of_step.insert(holder);
    }
  }
  segment.in_step = true;
  activate_if_ready(now, id);
}

// Whether a member of this view held the segment in the last one and does not any more. Until it
// knows that, it might take what it holds for the newest there is, were the others to be lost.
bool Plane::lost_living_holder(SegmentId id, const ring::Roles& before) const {
  return std::any_of(before.base(id).begin(), before.base(id).end(), [&](MemberIndex holder) {
    const Member& member = before.view().members[holder.value];
    const auto& members = roles_->view().members;
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      if (members[i].incarnation == member.incarnation) return !roles_->is_holder({i}, id);
    }
    return false;
  });
}

// The writes under way get versions of this view, in their old order.
void Plane::send_again_under_new_view(Time now, SegmentId id) {
  Segment& segment = this->segment(id);
  std::map<std::uint64_t, Write> writes = std::exchange(segment.writes, {});
  segment.last_sequence = 0;
  for (auto& [old_sequence, write] : writes) {
    (void)old_sequence;
    const std::uint64_t sequence = ++segment.last_sequence;
    for (Entry& entry : write.entries) {
      if (!entry.record) continue;
      entry.record = session::Record::with_version(*entry.record, version(sequence), now);
    }
    // A value that was taken is in no entry's record, and stays the answer.
    const session::RecordRef& made = write.entries.front().record;
    if (write.answer.record && made) write.answer.record = made;
    expect_acknowledgements(id, write);
    Write& moved = segment.writes.emplace(sequence, std::move(write)).first->second;
    send_write(now, id, sequence, moved);
  }
}

// Somebody else decides what becomes of the writes under way; those that wait have not begun.
// Either may be asked for again.
void Plane::abandon_writes(SegmentId id) {
  Segment& segment = this->segment(id);
  segment.last_sequence = 0;
  for (auto& [sequence, write] : std::exchange(segment.writes, {})) {
    (void)sequence;
    bytes_under_way_ -= write.bytes;
    --writes_waiting_;
    if (write.by_expiry) expiry_pace_.end();
    if (write.by_expiry || write.for_room) replica_.table().revive(write.session_id);
    forget_arrivals(write);
    memo_.abandon(write.id);
    const auto queue = queues_.find(write.session_id);
    if (queue == queues_.end()) continue;
    if (!queue->second.empty()) {
      for (const Waiting& waiting : queue->second.waiting()) {
        memo_.abandon(waiting.id);
        --writes_waiting_;
      }
    }
    queues_.erase(queue);
  }
  forget_resends();
  if (!applications_.empty()) abandon_applications(id);
}

void Plane::activate_if_ready(Time now, SegmentId id) {
  using Standing = Segment::Standing;
  Segment& segment = this->segment(id);
  const bool confirmed = confirmed_ || !options_.rules.keep(Rule::kConfirmation);
  const bool promoted = segment.standing == Standing::kPromoted;
  if (segment.standing == Standing::kFollowing) return;
  if (segment.standing == Standing::kConfirming && !confirmed) return;
  if (promoted && (!confirmed || !segment.out_of_step.empty())) return;
  if (serving_.epoch_of_segment[id.value].load(std::memory_order_relaxed) != 0) return;

  segment.standing = Standing::kActive;
  if (promoted) {
    serving_.promoted_at[id.value].store(now.time_since_epoch().count(), std::memory_order_release);
    if (!options_.rules.keep(Rule::kUndeliveredEvents)) events_.clear(id);
  }
  const std::uint64_t serving = epoch() | (roles_->is_lost(id) ? Serving::kLost : 0);
  serving_.epoch_of_segment[id.value].store(serving, std::memory_order_release);
  --primaries_waiting_;
  effects_.news = true;

  // What all have acknowledged meanwhile.
  std::vector<std::uint64_t> sequences;
  for (const auto& [sequence, write] : segment.writes) {
    if (may_commit(now, id, write)) sequences.push_back(sequence);
  }
  for (const std::uint64_t sequence : sequences) commit(now, id, sequence);
  offer_events(id);
}

void Plane::confirm(Time now) {
  if (std::exchange(confirmed_, true)) return;
  for (std::uint32_t i = 0; i < options_.segments; ++i) activate_if_ready(now, {i});
  begin_waiting(now);
}

void Plane::level(Time now, MemberIndex member) { pull(now, member); }

void Plane::set_lease(Time now, Time until) {
  const bool had = has_lease(now);
  serving_.lease_until.store(until.time_since_epoch().count(), std::memory_order_release);
  if (!had && has_lease(now)) effects_.news = true;
}

void Plane::restart() {
  for (std::uint32_t i = 0; i < options_.segments; ++i) {
    serving_.epoch_of_segment[i].store(0, std::memory_order_release);
    abandon_writes({i});
    if (options_.rules.keep(Rule::kForgetting)) replica_.clear({i});
    segments_[i] = {};
  }
  serving_.lease_until.store(Time::min().time_since_epoch().count(), std::memory_order_release);
  give_back_room();
  roles_.reset();
  self_.reset();
  memo_.clear();
  memory_levels_.clear();
  freed_.clear();
  queues_.clear();
  renamed_.clear();
  counts_.clear();
  overtaken_.clear();
  endings_.clear();
  endings_due_.reset();
  applications_.clear();
  applications_due_.reset();
  owed_committed_.clear();
  committed_due_.reset();
  uses_.clear();
  events_.clear();
  tellings_.clear();
  tell_due_.reset();
  pulls_.clear();
  pull_due_.reset();
  sendings_.clear();
  told_in_step_.clear();
  in_step_due_.reset();
  to_forget_.clear();
  forget_due_.reset();
  expired_ids_.clear();
  expiry_pace_ = {};
  repairs_left_ = segments_left_ = primaries_ = primaries_waiting_ = 0;
}

// Time.

void Plane::tick(Time now) {
  if (!roles_) return;
  const auto due = resends_.take_due(
      now, [this](const auto& write, Time at) { return is_sent_again_at(write, at); });
  for (const auto& [segment_id, sequence] : due) {
    const auto found = segment(segment_id).writes.find(sequence);
    if (found == segment(segment_id).writes.end()) continue;
    Write& write = found->second;
    if (may_commit(now, segment_id, write)) {
      commit(now, segment_id, sequence);
    } else {
      send_write(now, segment_id, sequence, write);
    }
  }
  if (committed_due_ && *committed_due_ <= now) send_committed(now);
  if (forget_due_ && *forget_due_ <= now) forget(now);
  if (pull_due_ && *pull_due_ <= now) pull(now, std::nullopt);
  if (in_step_due_ && *in_step_due_ <= now) {
    in_step_due_.reset();
    for (const auto& [holder, segments] : told_in_step_) {
      send_in_step(now, holder, std::set<SegmentId>(segments), true);
    }
  }
  for (auto& [to, sending] : sendings_) send_chunks(now, to, sending);
  if (uses_due_ <= now) {
    tell_uses(now);
    prune_keys();
  }
  if (tell_due_ && *tell_due_ <= now) tell_delivered(now);
  if (endings_due_ && *endings_due_ <= now) continue_endings(now);
  if (applications_due_ && *applications_due_ <= now) apply_again(now);

  go_on_expiring(now);
  begin_waiting(now);
}

// Allows some removals, if it is time for that and there is something to remove.
void Plane::go_on_expiring(Time now) {
  const std::optional<Time> due = expiry_pace_.resumes_at(table().next_due());
  if (!due || *due > now || !expiry_pace_.has_room(writes_waiting_)) return;
  if (expired_ids_.empty()) find_expired(now);
  if (!expired_ids_.empty()) {
    expiry_pace_.resume(now);
  } else if (table().next_due().value_or(Time::max()) > now) {
    expiry_pace_.rest();
  } else {
    // What was looked at is others' to remove.
    expiry_pace_.pause(now);
  }
}

// Begins the removals that are allowed. Those that are committed at once, for want of backups, may
// allow others; how many ids are taken in one step has a bound.
void Plane::begin_expiries(Time now) {
  for (std::size_t taken = 0; taken < kExpiriesPerStep && expiry_pace_.allowed() > 0; ++taken) {
    if (!expiry_pace_.has_room(writes_waiting_)) return;
    if (expired_ids_.empty()) find_expired(now);
    if (expired_ids_.empty()) return expiry_pace_.forgo();
    const std::string id = std::move(expired_ids_.back());
    expired_ids_.pop_back();
    expire_if_due(now, id);
  }
}

void Plane::find_expired(Time now) {
  replica_.table().collect_due(now, kLookedAtAtOnce, [&](const session::Record& record) {
    const SegmentId id = segment_of(record.id());
    // Others are told of uses with as much delay; companions have none.
    if (!is_active(id)) {
      const bool companion = session::is_companion(record.id());
      return now + (companion ? kExpiryRetry : table::use_interval(record.lifetime()));
    }
    expired_ids_.emplace_back(record.id());
    return now + kExpiryRetry;
  });
}

std::optional<Time> Plane::next_deadline() const {
  std::optional<Time> next;
  const auto sooner = [&](std::optional<Time> time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  if (!roles_) return std::nullopt;
  // Otherwise it goes on when something under way has been committed.
  if (expiry_pace_.has_room(writes_waiting_)) sooner(expiry_pace_.resumes_at(table().next_due()));
  sooner(resends_.next());
  sooner(committed_due_);
  sooner(forget_due_);
  sooner(pull_due_);
  sooner(in_step_due_);
  sooner(endings_due_);
  sooner(applications_due_);
  sooner(tell_due_);
  for (const auto& [to, sending] : sendings_) sooner(sending.next_deadline());
  if (uses_due_ != Time::min()) sooner(uses_due_);
  return next;
}

}  // namespace sojourn::replication
