#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/due_queue.h"
#include "base/ids.h"
#include "base/memory_level.h"
#include "base/notice.h"
#include "base/random.h"
#include "base/rules.h"
#include "base/spare_nodes.h"
#include "base/time.h"
#include "replication/evaluate.h"
#include "replication/event.h"
#include "replication/event_log.h"
#include "replication/expiry_pace.h"
#include "replication/memo.h"
#include "replication/messages.h"
#include "replication/operation.h"
#include "replication/question.h"
#include "replication/replica.h"
#include "replication/sending.h"
#include "replication/serving.h"
#include "replication/tellings.h"
#include "ring/roles.h"

namespace sojourn::replication {

struct PlaneOptions {
  std::uint32_t segments = 4096;
  // Bound of what sessions and companions may take. The last sixteenth is kept for active sessions
  // that live already, and of what is before it as much again for new ones and revoked tokens.
  std::size_t memory_bytes = std::size_t{1} << 30;
  // Whether a login that there is no memory for, or that grows, ends the oldest instead of being
  // refused.
  bool end_oldest_logins = false;
  // Writes that may wait here for their backups, or behind an earlier write to the same session.
  std::size_t writes_waiting_max = 65536;
  // After how long an unacknowledged message is sent again.
  Duration resend_interval = std::chrono::milliseconds(100);
  // Events that are kept here in case their primary goes before it has delivered them.
  std::size_t events_max = 65536;
  SendingOptions sending = {};
  // Whether subjects have a limit: logins then wait for somebody to admit them.
  bool admission = false;
  Rules rules = {};
};

// What the new records of a write take.
std::size_t bytes_of(const Entries& entries);

// Whether a session that the operation makes would have that key.
bool brings_key(const Operation& operation, const Key& key);

using PlaneMessage = std::variant<Replicate, ReplicateAck, Committed, Touched, TouchedAck, Pull,
                                  InStep, Chunk, ChunkAck, Pulled, Delivered, DeliveredAck>;

// The data of one member: the writes it carries out as primary, those it follows as backup, and
// what moves between members when the view changes. Rules are numbered as in docs/protocol.md.
//
// A write of the primary gets the next version of its segment, goes to all other writers of the
// segment, and is applied and answered when all of them have acknowledged it; readers see it only
// then. Writes to one session are carried out one after the other; different sessions do not wait
// for each other.
//
// When a view is installed, every writer pulls its segments from their primaries until it is in
// step. A primary that goes on from the view before goes on at once. A new one first waits until
// all members have installed the view and the other holders are in step with it.
//
// An engine: the owner calls everything but read() one at a time. read() is safe from any thread,
// at any time: see Serving for what it shares with the rest.
class Plane {
 public:
  struct Outgoing {
    MemberIndex to = {};
    PlaneMessage message = {};
  };
  // An operation ended; its caller wants to know.
  struct Answer {
    OperationId operation = {};
    Result result = {};
  };
  // All sessions that end_all() was to end have ended: so many in all, for that question.
  struct Ended {
    OperationId question = {};
    std::uint64_t count = 0;
  };
  // An event of a segment that this member serves, for its subscribers.
  struct Offered {
    SegmentId segment = {};
    // The right to answer by which it may be delivered.
    std::uint64_t serving = 0;
    Event event = {};
  };
  // What may become of an offered event at this moment.
  enum class Permission : std::uint8_t {
    kDeliver,
    kWait,  // this member may not answer now
    kDrop,  // it was recalled, and is offered again by whoever serves the segment
  };
  struct Effects {
    std::vector<Outgoing> outgoing = {};
    std::vector<Answer> answers = {};
    std::vector<Ended> endings = {};
    // Subjects of logins that wait to be admitted: see decide().
    std::set<Key> applicants = {};
    std::vector<Offered> events = {};
    std::vector<Notice> notices = {};
    // Something that a call may have been waiting for has come: a segment is served now, or an
    // ended session is gone.
    bool news = false;

    bool empty() const {
      return outgoing.empty() && answers.empty() && endings.empty() && applicants.empty() &&
             events.empty() && notices.empty() && !news;
    }
    void clear() {
      outgoing.clear();
      answers.clear();
      endings.clear();
      applicants.clear();
      events.clear();
      notices.clear();
      news = false;
    }
  };

  // `random` draws the new ids of renamed sessions and must outlive the plane.
  Plane(PlaneOptions options, Random& random);
  ~Plane();

  // Inputs. Times must not go back.

  // From now on messages and owners are those of `roles`, in which this member is `self`.
  void install(Time now, std::shared_ptr<const ring::Roles> roles, MemberIndex self);
  // Every member has installed the view.
  void confirm(Time now);
  // That member has installed the view: what was told it before may be lost.
  void level(Time now, MemberIndex member);
  // Until when this member may answer.
  void set_lease(Time now, Time until);
  // Forgets everything, in no view: this member was excluded.
  void restart();

  // Whether this member answers for the segment of this id.
  bool serves(std::string_view id) const;

  // Carries out a mutation whose segment this member serves: an Answer follows, unless the caller
  // has settled the operation. `deadline`: an operation that has not begun by then is dropped.
  // `fresh`: its id was drawn just now and has been told to nobody, so that nothing stands under
  // it.
  void execute(Time now, OperationId id, const Operation& operation, Time deadline,
               bool fresh = false);

  // Takes back an operation that waits behind another write and has not begun. False if it has
  // begun or ended, or was never here.
  bool withdraw(OperationId id, std::string_view session_id);

  // Removes the session if its time is up and this member serves it: read() gave no answer for that
  // reason, and will give one when there is news.
  void expire(Time now, std::string_view id);

  // `message` is one of PlaneMessage.
  template <typename Message>
  void receive(Time now, MemberIndex from, const Message& message) {
    if (!roles_) return;
    on(now, from, message);
    begin_waiting(now);
  }

  // Fetches what these messages, which are received next, will touch, so that they wait for memory
  // together and not one after the other.
  void prefetch(std::span<const Replicate* const> group) const;

  // Questions about all sessions with a key of the segments whose primary this member is. It must
  // answer for all of them: see serves_all().

  bool serves_all(Time now) const {
    return roles_ && (primaries_ == 0 || (primaries_waiting_ == 0 && has_lease(now)));
  }
  // Those that follow an id, ordered by it, as many as `limit` and as fit into a message. `more`:
  // whether there are others behind them.
  std::vector<Copy> list(const Key& key, std::string_view after, std::uint32_t limit, Time now,
                         bool& more) const;
  // How many there are; from memory if it was asked before under this view.
  std::uint64_t count(const Key& key);
  // Ends those that are there or being made, but for one. From now on logins that were overtaken
  // make none. Effects::endings follows, once for each time it is called, unless there is a new
  // view before. kResourceExhausted at a bound.
  absl::Status end_all(Time now, OperationId id, const Key& key, const std::string& except,
                       const std::vector<Overtaken>& overtaken);
  // What counts against a limit, and who waits to be admitted. Removes sessions with the key whose
  // time is up.
  void survey(Time now, const Key& key, Gathered& gathered);
  // Begins or refuses logins that wait for it.
  void decide(Time now, const Verdict& verdict);
  // Whether that call of its caller has ended, as far as is known here.
  bool is_settled(OperationId id) const { return memo_.standing(id) == Memo::Standing::kStale; }

  // Every call of that caller below `number` has ended.
  void settle(Incarnation caller, std::uint64_t number) { memo_.settle(caller, number); }

  // How full that member's memory is.
  void set_memory_level(MemberIndex member, MemoryLevel level);

  // Whether this member has subscribers. Without, it keeps no events.
  void listen(bool listening);
  // The subscribers of this member have had an event that was offered, or have missed it, and know.
  void delivered(SegmentId segment, Version number);

  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // What must be done now; emptied by the call. The second puts it in the place of what was in
  // `effects`, whose room is used again.
  Effects take_effects() { return std::exchange(effects_, {}); }
  void take_effects(Effects& effects) {
    effects.clear();
    std::swap(effects, effects_);
  }
  bool has_effects() const { return !effects_.empty(); }

  // Answers a get or touch if this member serves the session's segment; nothing otherwise, or if
  // the session must be ended first. The right to answer must still hold when the table has been
  // read: clock(limit), asked then, says a Moment, and may leave open when exactly it is but not
  // whether `limit` has passed, which is where the right to answer ends.
  template <typename Clock>
  std::optional<Result> read(std::string_view id, bool touch, Clock clock) const {
    return read(table::Key(id), touch, clock);
  }
  template <typename Clock>
  std::optional<Result> read(const table::Key& key, bool touch, Clock clock) const {
    const std::uint32_t segment = ring::segment_of_hash(key.hash(), options_.segments).value;
    const std::uint64_t serving =
        serving_.epoch_of_segment[segment].load(std::memory_order_acquire);
    if (serving == 0) return std::nullopt;
    const Time promoted_at(Duration(serving_.promoted_at[segment].load(std::memory_order_acquire)));
    const auto now = [&] { return clock(lease_until()); };
    const auto still_right = [&](const table::Found& found) {
      return serving_.epoch_of_segment[segment].load(std::memory_order_acquire) == serving &&
             has_lease(found.looked_up_at.latest);
    };
    table::Found found = replica_.table().find(key, now, touch, promoted_at);
    session::RecordRef alias;
    if (found && found.record->is_alias()) [[unlikely]] {
      // Its session is of the same segment.
      alias = std::move(found.record);
      found = find_again(table::Key(alias->alias_of()), now, touch, promoted_at);
    }
    if (found.ended || !still_right(found)) [[unlikely]]
      return std::nullopt;
    if (alias) [[unlikely]]
      return seen_through(*alias, found);
    if (found) [[likely]]
      return Result{.record = std::move(found.record), .last_seen = found.last_seen};
    return Result{.status = serving & Serving::kLost ? lost() : absent()};
  }

  // The common case of read(), as table::Table::glimpse() is of find(): of any other read() knows.
  template <typename Clock>
  [[gnu::always_inline]] table::Table::Glimpse glimpse(const table::Key& key, bool touch,
                                                       Clock clock) const {
    const std::uint32_t segment = ring::segment_of_hash(key.hash(), options_.segments).value;
    const std::uint64_t serving =
        serving_.epoch_of_segment[segment].load(std::memory_order_acquire);
    if (serving == 0) return {};
    const Time promoted_at(Duration(serving_.promoted_at[segment].load(std::memory_order_acquire)));
    const auto now = [&] { return clock(lease_until()); };
    const auto seen = replica_.table().glimpse(key, now, touch, promoted_at);
    if (serving_.epoch_of_segment[segment].load(std::memory_order_acquire) == serving &&
        has_lease(seen.looked_up_at_latest)) [[likely]]
      return seen;
    session::RecordRef::release(seen.record);
    return {};
  }

  // Whether subscribers may be given an event now: to be asked directly before. Safe from any
  // thread, as read() is.
  Permission permission(const Offered& offered, Time now) const {
    const auto& serving = serving_.epoch_of_segment[offered.segment.value];
    if (serving.load(std::memory_order_acquire) != offered.serving) return Permission::kDrop;
    return has_lease(now) ? Permission::kDeliver : Permission::kWait;
  }

  // State.

  std::size_t events_kept() const { return events_.size(); }
  MemoryLevel memory_level() const;
  // As primary: what was refused because there was no memory for it, here or on a backup; and
  // logins that were ended to make room for others.
  std::uint64_t refused_for_memory() const { return refused_for_memory_; }
  std::uint64_t logins_ended_for_room() const { return logins_ended_for_room_; }
  // Sessions, and companions, that ended because their time was up.
  std::uint64_t expired() const { return expired_; }
  std::uint64_t companions_expired() const { return companions_expired_; }
  std::size_t writes_waiting() const { return writes_waiting_; }
  std::size_t tombstones() const { return replica_.tombstones(); }
  std::size_t memos() const { return memo_.size(); }
  const table::Table& table() const { return replica_.table(); }
  const Replica& replica() const { return replica_; }
  // Segments that this member writes and is not in step with yet: those of which fewer copies exist
  // than should, and all.
  std::uint32_t repairs_left() const { return repairs_left_; }
  std::uint32_t segments_left() const { return segments_left_; }
  // Segments whose primary this member is, and of those the ones that it does not serve yet.
  std::uint32_t primaries() const { return primaries_; }
  std::uint32_t primaries_waiting() const { return primaries_waiting_; }
  bool is_primary(SegmentId segment) const { return self_ && roles_->is_primary(*self_, segment); }
  // Whether this member answers for the segment at that time.
  bool is_serving(SegmentId segment, Time now) const {
    return serving_.epoch_of_segment[segment.value].load(std::memory_order_acquire) != 0 &&
           has_lease(now);
  }
  // Of a segment whose primary this member is: the version up to which everything is committed.
  Version committed(SegmentId segment) const { return committed(segments_[segment.value]); }
  bool is_active(SegmentId segment) const {
    return segments_[segment.value].standing == Segment::Standing::kActive;
  }

 private:
  // A mutation that has arrived. Borrows the operation from who keeps it.
  struct Mutation {
    OperationId id = {};
    const Operation& operation;
    Time deadline = {};
    // The question that ends the session: nobody waits for this operation by itself.
    std::optional<OperationId> ending = {};
    // Its subject may have one more session.
    bool admitted = false;
    bool fresh = false;
  };

  // One that waits for its turn, and keeps the operation.
  struct Waiting {
    OperationId id = {};
    Operation operation = {};
    Time deadline = {};
    std::optional<OperationId> ending = {};
    bool admitted = false;

    Mutation mutation() const { return {id, operation, deadline, ending, admitted, false}; }
  };
  static Waiting waiting_of(const Mutation& mutation) {
    return {mutation.id, mutation.operation, mutation.deadline, mutation.ending, mutation.admitted};
  }

  // Those of one session.
  class Queue {
   public:
    bool empty() const { return !waiting_ || waiting_->empty(); }
    // Most never hold anything.
    std::deque<Waiting>& waiting() {
      if (!waiting_) waiting_ = std::make_unique<std::deque<Waiting>>();
      return *waiting_;
    }

   private:
    std::unique_ptr<std::deque<Waiting>> waiting_;
  };
  using Queues = std::unordered_map<std::string, Queue>;

  // Sessions that are to end because of one question.
  struct Ending {
    bool running = false;
    // What subscribers are told of each.
    Cause cause = Cause::kRevoked;
    std::set<std::string, std::less<>> todo = {};
    std::set<std::string, std::less<>> under_way = {};
    std::uint64_t ended = 0;
  };

  // A write under way as primary.
  struct Write {
    OperationId id = {};
    // The session whose later writes wait for this one.
    std::string session_id = {};
    Entries entries = {};
    Result answer = {};
    Occurrence occurrence = {};
    bool by_expiry = false;
    // Ends a login to make room for another.
    bool for_room = false;
    // See Waiting; and whether there was a session to end.
    std::optional<OperationId> ending = {};
    bool was_there = false;
    // A bit for each entry that makes a session or gives one a key: under its id it is not there
    // yet, or cannot be found by that key.
    std::uint64_t arrivals = 0;
    std::size_t bytes = 0;
    // In order.
    absl::InlinedVector<MemberIndex, 3> unacknowledged = {};
    Time next_send = {};
  };

  struct Segment {
    enum class Standing : std::uint8_t {
      kFollowing,   // somebody else is the primary
      kPromoted,    // new primary: waits for the other holders, and for all members' word
      kConfirming,  // primary before and now, with fewer holders: waits for all members' word
      kActive,      // primary, and may serve while there is a lease
    };
    Standing standing = Standing::kFollowing;
    std::uint64_t last_sequence = 0;

    // As primary: the writes under way, by sequence.
    std::map<std::uint64_t, Write> writes = {};
    // As new primary: the other holders that are not known to be in step.
    std::set<MemberIndex> out_of_step = {};

    // As another writer: every write up to this one was applied by all; what still comes of them is
    // a repeat.
    Version watermark = {};
    // Whether this member is in step with the primary of this view.
    bool in_step = false;
    // If not: the transfer under way. Nothing of it counts before all has arrived: should this
    // member become the primary instead, it must hold all of a write or nothing of it, what is
    // remembered of it included.
    std::uint64_t transfer = 0;
    std::set<std::uint32_t> chunks = {};
    std::optional<std::uint32_t> last_chunk = {};
    std::vector<Copy> copies = {};
    std::vector<Remembered> remembered = {};
    std::vector<Event> events = {};
  };

  SegmentId segment_of(std::string_view id) const { return replica_.segment_of(id); }
  Segment& segment(SegmentId id) { return segments_[id.value]; }
  std::uint64_t epoch() const { return roles_->view().epoch; }
  Version version(std::uint64_t sequence) const { return {epoch(), sequence}; }
  Version committed(const Segment& segment) const;
  static absl::Status lost();
  // Made once: so telling it takes no memory.
  static const absl::Status& absent();
  // What is shown to who asks for a session by that alias; nothing is if the session has gone, or
  // has given up that id as well: then the alias is dead.
  template <typename Now>
  [[gnu::noinline]] table::Found find_again(const table::Key& key, Now now, bool touch,
                                            Time promoted_at) const {
    return replica_.table().find(key, now, touch, promoted_at);
  }
  static Result seen_through(const session::Record& alias, const table::Found& session);
  Time lease_until() const {
    return Time(Duration(serving_.lease_until.load(std::memory_order_acquire)));
  }
  bool has_lease(Time now) const { return now < lease_until(); }
  Time promoted_at(SegmentId segment) const {
    return Time(Duration(serving_.promoted_at[segment.value].load(std::memory_order_acquire)));
  }
  void send(MemberIndex to, PlaneMessage message) {
    effects_.outgoing.push_back({to, std::move(message)});
  }

  // Views.
  void install(Time now, SegmentId id, const ring::Roles* before, MemberIndex self_before);
  bool lost_living_holder(SegmentId id, const ring::Roles& before) const;
  void send_again_under_new_view(Time now, SegmentId id);
  void abandon_writes(SegmentId id);
  void activate_if_ready(Time now, SegmentId id);
  void forget(Time now);

  // Mutations, as primary.
  bool busy(const std::string& session_id) const { return queues_.contains(session_id); }
  bool begin(Time now, const Mutation& mutation);
  bool begin_through(Time now, const session::Record& alias, const Mutation& mutation);
  void go_on_expiring(Time now);
  void begin_expiries(Time now);
  void find_expired(Time now);
  void expire_if_due(Time now, std::string_view id);
  void begin_expiry(Time now, std::string id);
  void start_write(Time now, SegmentId segment_id, Write&& write);
  void send_write(Time now, SegmentId segment_id, std::uint64_t sequence, Write& write);
  void expect_acknowledgements(SegmentId segment_id, Write& write) const;
  void forget_resends();
  bool is_sent_again_at(const std::pair<SegmentId, std::uint64_t>& write, Time at) const;
  bool may_commit(Time now, SegmentId id, const Write& write) const;
  void commit(Time now, SegmentId segment_id, std::uint64_t sequence);
  void apply_as_primary(Time now, const Write& write);
  void begin_waiting(Time now);
  void begin_next(Time now);
  void answer(OperationId id, SegmentId segment, Result result);
  void owe_committed(Time now, SegmentId segment_id, Version version);
  void send_committed(Time now);
  void tell_uses(Time now);

  // Memory. Who wants it, in the order in which they are refused.
  enum class Claim : std::uint8_t {
    kStranger,  // logins in progress, single-use values, counters
    kNewcomer,  // new active sessions, revoked tokens
    kResident,  // active sessions that live already
  };
  static Claim claim_of(const session::Record& made, const session::Record* current);
  // What may be taken in all when such a one has got more.
  std::size_t bytes_max(Claim claim) const;
  // Before anybody is refused for it here; other members tell when they refuse.
  bool is_short_of_memory() const {
    return !memory_levels_.empty() || table().usage().bytes >= options_.memory_bytes / 4 * 3;
  }
  // Writers of the segment that have no memory for it.
  std::vector<MemberIndex> refusing(SegmentId segment, Claim claim) const;
  absl::Status check_memory(SegmentId segment, Claim claim, std::size_t more) const;
  absl::Status admit(const Operation& operation, const Evaluation& evaluation,
                     const session::Record* current, std::vector<std::string>& ended);
  std::vector<std::string> oldest_logins(std::size_t bytes, const std::string& applicant,
                                         const std::vector<MemberIndex>& backups);
  void end_for_room(Time now, std::string id);

  // Sessions by their keys.
  template <typename Visit>
  void for_each_own(const session::KeyView& key, Visit visit) const;
  void keep_count(const session::Record& record, bool added);
  void note_arrivals(Write& write);
  template <typename Visit>
  void for_each_arrival(Visit visit) const;
  void forget_arrivals(const Write& write);
  const std::string& queue_of(const std::string& id) const;
  bool is_overtaken(OperationId id, const Operation& operation,
                    const session::Record* current) const;
  void prune_keys();
  std::set<std::string, std::less<>> ids_leading_on(const std::string& id) const;
  void continue_endings(Time now);
  void end(Time now, OperationId ending, const std::string& session_id, Cause cause);
  void ended(OperationId id, const std::string& session_id, bool was_there);
  void end_again(Time now, OperationId id, const std::string& session_id);
  bool needs_admission(const Mutation& mutation, const session::Record* current) const;
  void apply_for(Time now, const Mutation& mutation);
  void apply_again(Time now);
  void abandon_applications(SegmentId segment_id);

  // Events.
  static Occurrence occurrence_of(Cause cause, const session::Record* before);
  static Event event_of(const Entries& entries, const Occurrence& occurrence, Version version);
  void keep_event(SegmentId id, const Entries& entries, const Occurrence& occurrence,
                  Version version);
  void replace_events(SegmentId id, const std::vector<Event>& events);
  Version delivered_below(SegmentId id) const;
  void offer_events(SegmentId id);
  void owe_delivered(Time now, SegmentId id, MemberIndex writer);
  void tell_delivered(Time now);
  void tell_new_writers(Time now, const std::map<MemberIndex, Telling>& before);

  // As another writer.
  bool apply(Version version, const Entry& entry, const table::Key& key);
  void raise_watermark(SegmentId id, Version committed);
  void pull(Time now, std::optional<MemberIndex> only_from);
  void drop_transfer(Segment& segment);
  void make_room_for(SegmentId id, std::size_t sessions);
  void give_back_room();
  void finish_transfer(SegmentId id);
  void now_in_step(SegmentId id);

  // Bringing other writers into step.
  void send_chunks(Time now, MemberIndex to, Sending& sending);
  void send_in_step(Time now, MemberIndex to, const std::set<SegmentId>& segments, bool compared);
  void heard_in_step(Time now, MemberIndex from, SegmentId id);

  void on(Time now, MemberIndex from, const Replicate& replicate);
  void on(Time now, MemberIndex from, const ReplicateAck& ack);
  void on(Time now, MemberIndex from, const Committed& committed);
  void on(Time now, MemberIndex from, const Touched& touched);
  void on(Time now, MemberIndex from, const TouchedAck& ack);
  void on(Time now, MemberIndex from, const Pull& pull);
  void on(Time now, MemberIndex from, const InStep& in_step);
  void on(Time now, MemberIndex from, const Chunk& chunk);
  void on(Time now, MemberIndex from, const ChunkAck& ack);
  void on(Time now, MemberIndex from, const Pulled& pulled);
  void on(Time now, MemberIndex from, const Delivered& delivered);
  void on(Time now, MemberIndex from, const DeliveredAck& ack);

  const PlaneOptions options_;
  Random& random_;
  Replica replica_;
  Serving serving_;
  std::shared_ptr<const ring::Roles> roles_;
  std::optional<MemberIndex> self_;
  bool confirmed_ = false;
  // Of the other members; those that are missing have room.
  std::map<MemberIndex, MemoryLevel> memory_levels_;
  Memo memo_;
  std::vector<Segment> segments_;
  // Sessions with a write under way, each with the mutations that wait behind it.
  Queues queues_;
  SpareNodes<Queues> spare_queues_;
  // Writes under way and waiting.
  std::size_t writes_waiting_ = 0;
  // Bytes of new records under way.
  std::size_t bytes_under_way_ = 0;
  // Ids under which sessions are being made that are there under another, which is the second; and
  // what was counted under this view.
  std::map<std::string, std::string> renamed_;
  std::map<Key, std::uint64_t> counts_;
  // Which callers' logins came too late, by what their sessions would have in common.
  std::map<Key, std::map<Incarnation, std::uint64_t>> overtaken_;
  std::map<OperationId, Ending> endings_;
  std::optional<Time> endings_due_;
  // Logins that wait to be admitted, each with its session's queue held; and when to say so again.
  std::map<OperationId, Waiting> applications_;
  std::optional<Time> applications_due_;
  // When writes under way are due to be sent again.
  DueQueue<std::pair<SegmentId, std::uint64_t>> resends_;
  SpareNodes<std::map<std::uint64_t, Write>> spare_writes_;
  // Sessions whose write was just committed.
  std::deque<std::string> freed_;
  // Backups that hold tombstones up to this version and must hear that they are committed, and when
  // to tell them (again).
  std::map<std::pair<SegmentId, MemberIndex>, Version> owed_committed_;
  std::optional<Time> committed_due_;
  // Uses to be told, by backup, and when to look for more.
  std::map<MemberIndex, Uses> uses_;
  std::uint64_t uses_told_ = 0;
  Time uses_due_ = Time::min();

  // Whether there are subscribers here; events that they, or those of the next primary, may not
  // have had; what backups are to be told of that, and when.
  bool listening_ = false;
  EventLog events_;
  std::map<MemberIndex, Telling> tellings_;
  std::uint64_t tellings_sent_ = 0;
  std::optional<Time> tell_due_;

  // Transfers that were received under this view, and the sessions that they brought.
  std::uint64_t transfers_received_ = 0;
  std::uint64_t sessions_received_ = 0;
  // Segments to be pulled from each primary, and when to ask (again).
  std::map<MemberIndex, std::set<SegmentId>> pulls_;
  std::optional<Time> pull_due_;
  // What is being sent to other writers, and holders that were told that they are in step and have
  // not said so themselves, with when to tell them again.
  std::map<MemberIndex, Sending> sendings_;
  std::map<MemberIndex, std::set<SegmentId>> told_in_step_;
  std::optional<Time> in_step_due_;

  // Segments that this member does not write any more and still has sessions of, and when to go on
  // forgetting them.
  std::deque<SegmentId> to_forget_;
  std::optional<Time> forget_due_;
  // Sessions whose time is up, the removal of which has not begun.
  std::vector<std::string> expired_ids_;
  ExpiryPace expiry_pace_;

  std::uint32_t repairs_left_ = 0;
  std::uint32_t segments_left_ = 0;
  std::uint32_t primaries_ = 0;
  std::uint32_t primaries_waiting_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t companions_expired_ = 0;
  std::uint64_t refused_for_memory_ = 0;
  std::uint64_t logins_ended_for_room_ = 0;
  Effects effects_;
};

}  // namespace sojourn::replication
