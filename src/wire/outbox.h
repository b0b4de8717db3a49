#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "node/messages.h"
#include "wire/frame.h"
#include "wire/frame_draft.h"

namespace sojourn::wire {

// Messages that wait are packed into frames of about this size. Larger ones gain nothing, and a
// lookup behind one would wait longer.
inline constexpr std::size_t kFrameBytesTarget = std::size_t{64} << 10;

// How many frames of one lane may be on their way unanswered. Part of the protocol: the receiver
// counts on it.
inline constexpr std::size_t kUnansweredMax = 2;

// A frame with so many messages more than the one under way is divided, unless both together have
// more than the second.
inline constexpr std::size_t kUnevenMin = 16;
inline constexpr std::size_t kDividedMax = 128;

// Whether members other than the one at hand have answered lookups lately.
enum class Others { kSilent, kAnswer };

struct OutboxOptions {
  // The sender, which stands in each frame.
  std::uint64_t cluster = 0;
  Incarnation from = {};
  // Bytes of encoded messages that may wait, in both lanes together. Each leaves the other an
  // eighth: reads go on when writes have filled the queue, and heartbeats when reads have.
  std::size_t queue_bytes_max = std::size_t{8} << 20;
};

// Packs the messages for one other member into frames, and decides when a frame is sent.
//
// There are two lanes: one for reads (lookups and what was found), which whoever reads a frame
// answers at once, and one for envelopes, which wait there for the node. No frame has messages of
// both, so no read waits for a node.
//
// A frame goes when no write is pending and fewer than two of its lane are unanswered. So a lone
// message goes at once, and under load the messages that gather while two frames are on their way
// share the next one. Waiting for the write alone would hardly batch: gRPC completes a write long
// before the other side has read it, and frames would carry one message each, at a seventh of the
// throughput. When both lanes have a frame that may go, reads go first, and then envelopes.
//
// Who asked in a frame asks again when it is answered, all together in the next one. So two frames
// under way stay as they once began: one message, which came first, and all that came after it.
// Then the two sides take turns, and neither has anything to do while the other one works.
// Therefore a frame that would have many more messages than the one under way leaves so many to the
// next that both have the same. Where there are so many that a frame of answers does not hold them,
// they divide themselves.
//
// Whoever receives a frame owes an answer: the `answers` of any later frame the other way. Mostly a
// reply is due anyway and takes it along. For that it may wait until the sender must not go on:
// when two frames of one lane are unanswered, a frame without messages answers them at once,
// whatever this side waits for itself (if it waited as well, two sides could block each other).
//
// A frame of nothing but what was found neither counts as unanswered nor needs an answer: there are
// no more of those than of lookups that asked for it. Nor does a frame without messages.
//
// While other members answer too, lookups wait for the one frame of them that is under way: what
// this side would do meanwhile it has from the others, and with many members to ask, two frames to
// each would have few messages. What was found never waits for that, and lookups go along with it;
// so two sides that ask each other do not wait for each other (protocol 16.7).
//
// An answer says what was received, in whichever lane. An answer to lookups therefore lets
// envelopes go although the node has not handled those before: a node's work is bounded by other
// things than this.
//
// An engine: it knows no clock, thread or socket. The transport drives one for each connection and
// calls it one at a time.
class Outbox {
 public:
  explicit Outbox(OutboxOptions options);

  // Appends the message to the queue. kUnavailable, naming the bound, if the lane would hold more
  // than it may; kResourceExhausted if it never could, or no frame. Then nothing was queued.
  absl::Status push(const node::Envelope& envelope, Time now);
  absl::Status push(const replication::Lookup& lookup, Time now);
  absl::Status push(const replication::Found& found, Time now);

  // The next frame to write, if one may be written now. To be asked after each push() (or a group
  // of them) and written(), and after received() once the frame's messages have been handled, so
  // that their replies go along with the answer: at once if it has no envelopes.
  // It is laid down in memory that is asked for only then; whether there was one.
  bool take_frame(Time now, FrameMemory memory, Others others = Others::kSilent);
  std::optional<std::string> take_frame(Time now, Others others = Others::kSilent);

  // The write of the frame that take_frame() gave has completed.
  void written();

  // A frame has come from the other side. kInvalidArgument if it does not follow the one before or
  // answers what was not sent: the connection is of no more use.
  absl::Status received(const Frame& frame);

  // Bytes of messages that wait; frames that were taken do not count.
  std::size_t queued_bytes() const { return reads_.queued_bytes + envelopes_.queued_bytes; }

  // The connection was lost: forgets it, and drops what waits (the engines send again what still
  // matters). Returns how many messages were dropped.
  std::size_t reset();

 private:
  // A list, so that a draft moves together with its memory and that of its place.
  using Drafts = std::list<FrameDraft>;

  struct Lane {
    // Frames in the making, the next to go first; none is empty.
    Drafts drafts = {};
    std::size_t queued_bytes = 0;
    // Empty ones: the memory of those that went last, of a frame and of the one that it was divided
    // from.
    Drafts spare = {};
    // Our frames that the other side has not answered, in their order.
    struct Sent {
      std::uint64_t number = 0;
      std::size_t messages = 0;
    };
    absl::InlinedVector<Sent, kUnansweredMax> unanswered = {};
    // How many frames that need an answer have come since we sent one.
    std::size_t to_answer = 0;

    // How many frames may be unanswered, the next one among them.
    std::size_t unanswered_max(Others others) const;
    bool may_go(Others others) const;
    // How many messages of the next draft are to go now.
    std::size_t share(Others others) const;
    // Their next frame, which gets that number.
    Drafts take(std::uint64_t number, Others others);
    // An empty draft.
    Drafts take_spare();
    // Forgets what the draft had, and keeps its memory.
    void put_back(Drafts draft);
    void answered(std::uint64_t number);
    // Drops everything. Returns how many messages.
    std::size_t reset();
  };
  struct Connection {
    bool write_pending = false;
    // Numbers of the newest frames taken and received.
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    // The newest of our frames that the other side has answered.
    std::uint64_t answered = 0;
  };

  template <typename Message>
  absl::Status push(const Message& message, Time now, Lane& lane);
  // Bytes that may be added to the lane.
  std::size_t room(const Lane& lane) const;
  // Which may send a frame; null if none may.
  Lane* next_lane(Others others);

  const OutboxOptions options_;
  const std::size_t lane_bytes_max_;
  Lane reads_;
  Lane envelopes_;
  // Envelopes could have gone in the place of the last frame.
  bool envelopes_next_ = false;
  Connection connection_;
};

}  // namespace sojourn::wire
