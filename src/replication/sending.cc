#include "replication/sending.h"

#include <algorithm>
#include <string_view>

namespace sojourn::replication {
namespace {

constexpr Duration kSendAgain = std::chrono::milliseconds(500);

// The first eight characters as a number, so that numbers are ordered as texts are.
std::uint64_t beginning_of(std::string_view id) {
  std::uint64_t beginning = 0;
  for (std::size_t i = 0; i < sizeof(beginning); ++i) {
    beginning = beginning << 8 | (i < id.size() ? static_cast<unsigned char>(id[i]) : 0u);
  }
  return beginning;
}

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
    waiting.send_again_at = now + kSendAgain;
    chunks.push_back(waiting.chunk);
  }
  while (unacknowledged_.size() < options_.window) {
    if (!current_) begin_next(replica, events);
    if (!current_) break;
    Chunk chunk = next_chunk(memo);
    unacknowledged_[{chunk.transfer, chunk.index}] = {chunk, now + kSendAgain};
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
  struct Found {
    std::uint64_t beginning;
    const session::Record* record;
    Time last_seen;
  };
  std::vector<Found> found;
  replica.for_each(current_->segment, [&](const session::Record& record, Time last_seen) {
    found.push_back({beginning_of(record.id()), &record, last_seen});
  });
  // In the order of ids: that of the table depends on what it has been through. Their beginnings
  // nearly always tell them apart.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    return a.record->id() < b.record->id();
  });
  current_->copies.reserve(found.size());
  for (const Found& one : found) {
    current_->copies.push_back({session::RecordRef::share(*one.record), one.last_seen});
  }
  current_->events = events.copies(current_->segment);
}

Chunk Sending::next_chunk(const Memo& memo) {
  Current& current = *current_;
  Chunk chunk = {
      .segment = current.segment, .transfer = current.transfer, .index = current.next_index++};
  std::size_t bytes = 0;
  while (current.sent < current.copies.size() && bytes < options_.chunk_bytes) {
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
