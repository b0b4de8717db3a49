#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <deque>
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

// How many frames with messages may be on their way unanswered. Part of the protocol: the receiver
// counts on it.
inline constexpr std::size_t kUnansweredMax = 2;

struct OutboxOptions {
  // The sender, which stands in each frame.
  std::uint64_t cluster = 0;
  Incarnation from = {};
  // Bytes of encoded messages that may wait.
  std::size_t queue_bytes_max = std::size_t{8} << 20;
};

// Packs the messages for one other member into frames, and decides when a frame is sent.
//
// A frame goes when no write is pending and fewer than two frames with messages are unanswered. So
// a lone message goes at once, and under load the messages that gather while two frames are on
// their way share the next one. Waiting for the write alone would hardly batch: gRPC completes a
// write long before the other side has read it, and frames would carry one message each, at a
// seventh of the throughput.
//
// Whoever receives a frame with messages owes an answer: the `answers` of any later frame the other
// way. Mostly a reply is due anyway and takes it along. For that it may wait until the sender must
// not go on: when two frames are unanswered, a frame without messages answers them at once,
// whatever this side waits for itself (if it waited as well, two sides could block each other). A
// frame without messages needs no answer.
//
// An engine: it knows no clock, thread or socket. The transport drives one for each connection and
// calls it one at a time.
class Outbox {
 public:
  explicit Outbox(OutboxOptions options);

  // Appends the message to the queue. kUnavailable, naming the bound, if the queue would hold more
  // than queue_bytes_max; kResourceExhausted if it never could, or no frame. Then nothing was
  // queued.
  absl::Status push(const node::Envelope& envelope, Time now);
  absl::Status push(const replication::Lookup& lookup, Time now);
  absl::Status push(const replication::Found& found, Time now);

  // The next frame to write, if one may be written now. To be asked after each push() (or a group
  // of them) and written(), and after received() once the frame's messages have been handled, so
  // that their replies go along with the answer.
  std::optional<std::string> take_frame(Time now);

  // The write of the frame that take_frame() gave has completed.
  void written();

  // A frame has come from the other side. kInvalidArgument if it does not follow the one before or
  // answers what was not sent: the connection is of no more use.
  absl::Status received(const Frame& frame);

  // Bytes of messages that wait; frames that were taken do not count.
  std::size_t queued_bytes() const { return queued_bytes_; }

  // The connection was lost: forgets it, and drops what waits (the engines send again what still
  // matters). Returns how many messages were dropped.
  std::size_t reset();

 private:
  struct Connection {
    bool write_pending = false;
    // Numbers of the newest frames taken and received.
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    // The newest of our frames that the other side has answered.
    std::uint64_t answered = 0;
    // Our frames with messages that it has not answered, by number.
    std::deque<std::uint64_t> unanswered = {};
    // How many frames with messages have come since we sent one.
    std::size_t to_answer = 0;
  };

  template <typename Message>
  absl::Status push_any(const Message& message, Time now);

  const OutboxOptions options_;
  // Frames in the making, the next to go first; none is empty.
  std::deque<FrameDraft> drafts_;
  std::size_t queued_bytes_ = 0;
  // Empty: the memory of the one that went last.
  FrameDraft spare_;
  Connection connection_;
};

}  // namespace sojourn::wire
