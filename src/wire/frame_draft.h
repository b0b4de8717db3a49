#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "node/messages.h"

namespace sojourn::wire {

// What the header of a frame says beside how many messages follow.
struct FrameHeader {
  std::uint64_t number = 0;
  std::uint64_t answers = 0;
  std::uint64_t cluster = 0;
  Incarnation from = {};
};

// Gives so many bytes for a frame to be laid down in.
using FrameMemory = absl::FunctionRef<char*(std::size_t bytes)>;

// A frame that is being put together. Messages are encoded as they come; how long they waited until
// the frame is finished is written down beside them, so that waiting prolongs no session's life and
// no caller's time.
class FrameDraft {
 public:
  // Appends the message, unless the messages would then have more than `bytes_max` bytes together,
  // or be more than a frame may have; false in that case, and nothing changes.
  bool add(const node::Envelope& envelope, Time now, std::size_t bytes_max);
  bool add(const replication::Lookup& lookup, Time now, std::size_t bytes_max);
  bool add(const replication::Found& found, Time now, std::size_t bytes_max);

  bool empty() const { return messages_.empty(); }
  std::size_t messages() const { return messages_.size(); }
  // Whether it has more than what was found: see Outbox.
  bool needs_answer() const { return messages() > found_; }
  bool has_found() const { return found_ > 0; }
  // Bytes of the messages.
  std::size_t bytes() const { return controls_.size() + operations_.size(); }

  // Moves its first `count` messages, of which there are more, to a draft that is empty.
  void move_first(std::size_t count, FrameDraft& to);

  // Forgets its messages, and keeps their memory for others; so much of it at most.
  void clear(std::size_t bytes_max);

  // Lays down the frame, sent at `now`, in memory that is asked for once.
  void finish(const FrameHeader& header, Time now, FrameMemory memory);
  std::string finish(const FrameHeader& header, Time now);

 private:
  // Counts a message that append(since) writes.
  template <typename Append>
  bool add_by(Append append, Time now, std::size_t bytes_max, bool found = false);

  // When the first and the newest message were added.
  Time begun_ = {};
  Time last_added_ = {};
  // Where each message ends in the texts below.
  struct Message {
    std::uint32_t controls_end = 0;
    std::uint32_t operations_end = 0;
    bool found = false;
  };
  std::vector<Message> messages_;
  // How many of them are what was found.
  std::size_t found_ = 0;
  // As they stand in the frame, their tags included.
  std::string controls_;
  // The contents of the field `operations`.
  std::string operations_;
  // What stands before the messages, and then what stands before the operations: for finish(), so
  // that its memory is used again.
  std::string header_;
};

}  // namespace sojourn::wire
