#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "replication/event_log.h"
#include "replication/memo.h"
#include "replication/messages.h"
#include "replication/replica.h"

namespace sojourn::replication {

struct SendingOptions {
  // A chunk is closed when it has as many bytes, so it has at most that and one session. It is what
  // the receiver handles in one go: the time that everything else may wait for it there.
  std::size_t chunk_bytes = std::size_t{128} << 10;
  // How many chunks may be unacknowledged: enough that neither side waits for the other. Bounds
  // what waits at the receiver, from each primary.
  std::size_t window = 8;
};

// Orders segments so that those which stand together come far apart: in the order of their numbers
// a sender takes a third longer for each session (docs/performance.md).
void spread(std::vector<SegmentId>& segments);

// What a primary sends to one writer to bring it into step: one segment after the other, each as
// it is when its turn comes, in chunks of which a few may be unacknowledged. What is written
// meanwhile the writer gets as any other write.
//
// An engine's part: not safe from several threads.
class Sending {
 public:
  explicit Sending(SendingOptions options) : options_(options) {}

  // The writer asks for the segment. Nothing happens if it is being sent already.
  void want(SegmentId segment);

  // Chunks that may go now, new ones and those that were not acknowledged for too long.
  std::vector<Chunk> take_chunks(Time now, const Replica& replica, const Memo& memo,
                                 const EventLog& events);

  // The segment, if the writer has all of it now.
  std::optional<SegmentId> acknowledged(const ChunkAck& ack);

  bool idle() const { return wanted_.empty() && !current_ && unacknowledged_.empty(); }
  std::optional<Time> next_deadline() const;

 private:
  // A segment of which not everything has been sent.
  struct Current {
    SegmentId segment = {};
    std::uint64_t transfer = 0;
    std::uint32_t next_index = 0;
    std::vector<Copy> copies = {};
    std::size_t sent = 0;
    std::vector<Event> events = {};
    std::size_t events_sent = 0;
  };
  struct Unacknowledged {
    Chunk chunk = {};
    Time send_again_at = {};
    Duration patience = {};
  };
  // Transfer and index.
  using Key = std::pair<std::uint64_t, std::uint32_t>;

  void begin_next(const Replica& replica, const EventLog& events);
  Chunk next_chunk(const Memo& memo);

  const SendingOptions options_;
  std::deque<SegmentId> wanted_;
  // Everything that was wanted and is not acknowledged.
  std::set<SegmentId> under_way_;
  std::optional<Current> current_;
  std::uint64_t transfers_ = 0;
  std::map<Key, Unacknowledged> unacknowledged_;
  // Of each transfer that is under way: how many chunks are unacknowledged, and whether the last
  // has been sent.
  std::map<std::uint64_t, std::pair<std::size_t, bool>> transfers_open_;
};

}  // namespace sojourn::replication
