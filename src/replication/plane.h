#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "replication/evaluate.h"
#include "replication/memo.h"
#include "replication/messages.h"
#include "replication/operation.h"
#include "ring/placement.h"
#include "table/table.h"

namespace sojourn::replication {

struct PlaneOptions {
  std::uint32_t segments = 4096;
  // Bound of what sessions may take; the last sixteenth is kept for those that live already.
  std::size_t memory_bytes = std::size_t{1} << 30;
  // Writes that may wait here for their backups, or behind an earlier write to the same session.
  std::size_t writes_waiting_max = 65536;
  // After how long an unacknowledged message is sent again.
  Duration resend_interval = std::chrono::milliseconds(100);
};

using PlaneMessage = std::variant<Replicate, ReplicateAck, Committed>;

// The data of one member: its table, the writes it carries out as primary, and those it follows as
// backup. Rules are numbered as in docs/protocol.md.
//
// A write of the primary gets the next version of its segment, goes to all other writers of the
// segment, and is applied and answered when all of them have acknowledged it; readers see it only
// then. Writes to one session are carried out one after the other; different sessions do not wait
// for each other.
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
  struct Effects {
    std::vector<Outgoing> outgoing = {};
    std::vector<Answer> answers = {};
  };

  // `random` draws the new ids of renamed sessions and must outlive the plane.
  Plane(PlaneOptions options, Random& random);
  ~Plane();

  // Inputs. Times must not go back.

  // From now on messages and owners are those of `placement`, in which this member is `self`, or
  // nobody.
  void install(Time now, std::shared_ptr<const ring::Placement> placement,
               std::optional<MemberIndex> self);

  // Whether this member answers for the segment of this id.
  bool serves(std::string_view id) const;

  // Carries out a mutation whose segment this member serves: an Answer follows, unless the caller
  // has settled the operation. `deadline`: an operation that has not begun by then is dropped.
  void execute(Time now, OperationId id, Operation operation, Time deadline);

  // Takes back an operation that waits behind another write and has not begun. False if it has
  // begun or ended, or was never here.
  bool withdraw(OperationId id, std::string_view session_id);

  void receive(Time now, MemberIndex from, const PlaneMessage& message);

  // Every call of that caller below `number` has ended.
  void settle(Incarnation caller, std::uint64_t number) { memo_.settle(caller, number); }

  // Whether that member is at its memory bound.
  void set_memory_full(MemberIndex member, bool full);

  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // What must be done now; emptied by the call.
  Effects take_effects() { return std::exchange(effects_, {}); }

  // Answers a get or touch if this member serves the session's segment; nothing otherwise. `now` is
  // called before the table is read and after, because the right to answer must still hold then.
  template <typename Now>
  std::optional<Result> read(std::string_view id, bool touch, Now now) const {
    const std::uint32_t segment = ring::segment_of(id, options_.segments).value;
    const std::uint64_t epoch = serving_.epoch_of_segment[segment].load(std::memory_order_acquire);
    if (epoch == 0) return std::nullopt;
    auto found = table_.find(id, now(), touch);
    if (serving_.epoch_of_segment[segment].load(std::memory_order_acquire) != epoch ||
        now() >= Time(Duration(serving_.lease_until.load(std::memory_order_acquire)))) {
      return std::nullopt;
    }
    if (!found) return Result{.status = absl::NotFoundError("no such session")};
    return Result{.record = std::move(found->record), .last_seen = found->last_seen};
  }

  // State.

  bool memory_full() const { return table_.usage().bytes >= new_session_bytes_max(); }
  std::uint64_t expired() const { return expired_; }
  std::size_t writes_waiting() const { return writes_waiting_; }
  std::size_t tombstones() const { return tombstones_.size(); }
  std::size_t memos() const { return memo_.size(); }
  const table::Table& table() const { return table_; }

 private:
  // What readers on any thread look at beside the table. Written only by the owner of the plane.
  struct Serving {
    explicit Serving(std::uint32_t segments) : epoch_of_segment(segments) {}
    // The epoch at which this member answers for the segment; 0 if it does not. Changes whenever
    // the right to answer does.
    std::vector<std::atomic<std::uint64_t>> epoch_of_segment;
    // Until when this member may answer at all, in microseconds of its clock.
    std::atomic<std::int64_t> lease_until{Time::max().time_since_epoch().count()};
  };

  // A mutation that has arrived.
  struct Waiting {
    OperationId id = {};
    Operation operation = {};
    Time deadline = {};
  };

  // A write under way as primary.
  struct Write {
    OperationId id = {};
    // The session whose later writes wait for this one.
    std::string session_id = {};
    std::vector<Entry> entries = {};
    Result answer = {};
    bool by_expiry = false;
    std::size_t bytes = 0;
    std::set<MemberIndex> unacknowledged = {};
    Time next_send = {};
  };

  struct Segment {
    std::uint64_t last_sequence = 0;
    // As primary: the writes under way, by sequence.
    std::map<std::uint64_t, Write> writes = {};
    // As backup: every write up to this one was applied by all; what still comes of them is a
    // repeat.
    Version watermark = {};
    // As backup: deletions above the watermark, whose sessions a late message could bring back.
    std::map<Version, std::vector<std::string>> tombstones = {};
  };

  SegmentId segment_of(std::string_view id) const {
    return ring::segment_of(id, options_.segments);
  }
  Version version(std::uint64_t sequence) const;
  Version committed(const Segment& segment) const;
  std::size_t new_session_bytes_max() const {
    return options_.memory_bytes - options_.memory_bytes / 16;
  }

  bool busy(const std::string& session_id) const { return queues_.contains(session_id); }
  bool begin(Time now, Waiting waiting);
  void begin_expiry(Time now, const session::Record& record);
  absl::Status admit(const Operation& operation, const Evaluation& evaluation,
                     const session::Record* current) const;
  void start_write(Time now, SegmentId segment_id, Write write);
  void send_write(Time now, SegmentId segment_id, std::uint64_t sequence, Write& write);
  void commit(Time now, SegmentId segment_id, std::uint64_t sequence);
  void begin_waiting(Time now);
  void answer(OperationId id, Result result);
  void owe_committed(Time now, SegmentId segment_id, Version version);
  void send_committed(Time now);

  void on(Time now, MemberIndex from, const Replicate& replicate);
  void on(Time now, MemberIndex from, const ReplicateAck& ack);
  void on(Time now, MemberIndex from, const Committed& committed);
  void apply(SegmentId segment_id, Version version, const Entry& entry);
  Version version_of(const std::string& id) const;
  void raise_watermark(Segment& segment, Version committed);
  bool is_writer(SegmentId segment_id) const;
  bool is_primary(MemberIndex member, SegmentId segment_id) const;

  const PlaneOptions options_;
  Random& random_;
  table::Table table_;
  Serving serving_;
  std::shared_ptr<const ring::Placement> placement_;
  std::optional<MemberIndex> self_;
  std::set<MemberIndex> full_members_;
  Memo memo_;
  std::vector<Segment> segments_;
  // Sessions with a write under way, each with the mutations that wait behind it.
  std::unordered_map<std::string, std::deque<Waiting>> queues_;
  // Writes under way and waiting.
  std::size_t writes_waiting_ = 0;
  // Bytes of new records under way.
  std::size_t bytes_under_way_ = 0;
  // When writes under way are due to be sent again.
  std::set<std::pair<Time, std::pair<SegmentId, std::uint64_t>>> resends_;
  // Sessions whose write was just committed.
  std::deque<std::string> freed_;
  // Backups that hold tombstones up to this version and must hear that they are committed, and when
  // to tell them (again).
  std::map<std::pair<SegmentId, MemberIndex>, Version> owed_committed_;
  std::optional<Time> committed_due_;
  // As backup: the versions of the tombstones in segments_, by session id.
  std::unordered_map<std::string, Version> tombstones_;
  std::uint64_t expired_ = 0;
  Effects effects_;
};

}  // namespace sojourn::replication
