#include "replication/sending.h"

#include <algorithm>
#include <cstddef>

#include "base/prefetch.h"

namespace sojourn::replication {
namespace {

// After how long an unacknowledged chunk is sent again, first; each time it is twice as long, so
// that a slow network is not kept busy with repeats.
constexpr Duration kSendAgain = std::chrono::milliseconds(500);
constexpr Duration kSendAgainMax = std::chrono::seconds(8);

// Of what is read of a record when it is encoded, behind its first cache line, which was read when
// the record was noted. Of a larger one the processor foresees the rest.
constexpr std::size_t kLinesOfRecord = 7;

}  // namespace

void spread(std::vector<SegmentId>& segments) {
  // By their numbers, read from the other end.
  const auto reversed = [](SegmentId segment) {
    std::uint32_t bits = segment.value;
    bits = (bits >> 1 & 0x55555555) | (bits & 0x55555555) << 1;
    bits = (bits >> 2 & 0x33333333) | (bits & 0x33333333) << 2;
    bits = (bits >> 4 & 0x0f0f0f0f) | (bits & 0x0f0f0f0f) << 4;
    bits = (bits >> 8 & 0x00ff00ff) | (bits & 0x00ff00ff) << 8;
    return bits >> 16 | bits << 16;
  };
  std::sort(segments.begin(), segments.end(),
            [&](SegmentId a, SegmentId b) { return reversed(a) < reversed(b); });
}

void Sending::want(SegmentId segment) {
  if (under_way_.insert(segment).second) wanted_.push_back(segment);
}

std::vector<Chunk> Sending::take_chunks(Time now, const Replica& replica, const Memo& memo,
                                        const EventLog& events) {
  std::vector<Chunk> chunks;
  for (auto& [key, waiting] : unacknowledged_) {
    if (waiting.send_again_at > now) continue;
    waiting.patience = std::min(2 * waiting.patience, kSendAgainMax);
    waiting.send_again_at = now + waiting.patience;
    chunks.push_back(waiting.chunk);
  }
  while (unacknowledged_.size() < options_.window) {
    if (!current_) begin_next(replica, events);
    if (!current_) break;
    Chunk chunk = next_chunk(memo);
    unacknowledged_[{chunk.transfer, chunk.index}] = {chunk, now + kSendAgain, kSendAgain};
    auto& [count, last_sent] = transfers_open_[chunk.transfer];
    ++count;
    last_sent = chunk.last;
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

void Sending::begin_next(const Replica& replica, const EventLog& events) {
  if (wanted_.empty()) return;
  current_ = Current{.segment = wanted_.front(), .transfer = ++transfers_};
  wanted_.pop_front();
  // In the order of the table, which the receiver's has as well.
  replica.for_each(current_->segment, [&](const session::Record& record, Time last_seen) {
    current_->copies.push_back({session::RecordRef::share(record), last_seen});
  });
  current_->events = events.copies(current_->segment);
}

Chunk Sending::next_chunk(const Memo& memo) {
  Current& current = *current_;
  Chunk chunk = {
      .segment = current.segment, .transfer = current.transfer, .index = current.next_index++};
  std::size_t bytes = 0;
  constexpr std::size_t kAhead = 3;
  while (current.sent < current.copies.size() && bytes < options_.chunk_bytes) {
    if (current.sent + kAhead < current.copies.size()) {
      const session::Record* const ahead = current.copies[current.sent + kAhead].record.get();
      prefetch_lines(reinterpret_cast<const char*>(ahead) + kCacheLine, kLinesOfRecord);
    }
    Copy& copy = current.copies[current.sent++];
    bytes += copy.record->bytes();
    chunk.copies.push_back(std::move(copy));
  }
  while (current.events_sent < current.events.size() && bytes < options_.chunk_bytes) {
    bytes += kEventBytes;
    chunk.events.push_back(std::move(current.events[current.events_sent++]));
  }
  chunk.last =
      current.sent == current.copies.size() && current.events_sent == current.events.size();
  if (chunk.last) {
    chunk.remembered = memo.of_segments({current.segment});
    current_.reset();
  }
  return chunk;
}

std::optional<SegmentId> Sending::acknowledged(const ChunkAck& ack) {
  const auto waiting = unacknowledged_.find({ack.transfer, ack.index});
  if (waiting == unacknowledged_.end()) return std::nullopt;
  const SegmentId segment = waiting->second.chunk.segment;
  if (segment != ack.segment) return std::nullopt;
  unacknowledged_.erase(waiting);
  const auto open = transfers_open_.find(ack.transfer);
  auto& [count, last_sent] = open->second;
  if (--count > 0 || !last_sent) return std::nullopt;
  transfers_open_.erase(open);
  under_way_.erase(segment);
  return segment;
}

std::optional<Time> Sending::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [key, waiting] : unacknowledged_) {
    if (!next || waiting.send_again_at < *next) next = waiting.send_again_at;
  }
  return next;
}

}  // namespace sojourn::replication
