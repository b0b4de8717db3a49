#include "transport/link.h"

#include <string_view>
#include <utility>

namespace sojourn::transport {
namespace {

// The frame that the buffer holds, in `bytes`. Copies only if it came in several pieces.
absl::StatusOr<wire::Frame> decode(const grpc::ByteBuffer& buffer, Time now, grpc::Slice& bytes) {
  if (!buffer.TrySingleSlice(&bytes).ok() && !buffer.DumpToSingleSlice(&bytes).ok()) {
    return absl::InvalidArgumentError("the frame cannot be unpacked");
  }
  return wire::decode_frame(
      std::string_view(reinterpret_cast<const char*>(bytes.begin()), bytes.size()), now);
}

// What the outbox lets go, in the only memory that is allocated for it; empty if that is nothing.
grpc::Slice take_frame(wire::Outbox& outbox, Time now, wire::Others others) {
  grpc::Slice slice;
  const auto memory = [&](std::size_t bytes) {
    slice = grpc::Slice(bytes);
    // Nobody else has it yet.
    return reinterpret_cast<char*>(const_cast<std::uint8_t*>(slice.begin()));
  };
  outbox.take_frame(now, memory, others);
  return slice;
}

}  // namespace

Link::Link(LinkOwner& owner, std::string peer, LinkOptions options)
    : owner_(owner),
      peer_(std::move(peer)),
      options_(std::move(options)),
      outbox_(options_.outbox) {}

void Link::begin_start() { self_ = shared_from_this(); }

void Link::end_start() {
  std::optional<grpc::Status> ended;
  {
    MutexLock lock(mutex_);
    if (--starting_ == 0) ended = ended_;
  }
  if (ended) finish(*ended);
}

void Link::start_reading() {
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    reading_ = true;
    ++starting_;
  }
  owner_.up(*this);
  start_read(&read_buffer_);
  end_start();
  flush();
}

void Link::read_next() {
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    ++starting_;
  }
  start_read(&read_buffer_);
  end_start();
}

template <typename Message>
Taken Link::push_all(std::span<const Message> messages) {
  const Time now = options_.now();
  Taken taken;
  MutexLock lock(mutex_);
  if (ended_) return {.status = absl::UnavailableError("member " + peer_ + " is not connected")};
  for (const Message& message : messages) {
    taken.status = outbox_.push(message, now);
    if (!taken.status.ok()) break;
    ++taken.count;
  }
  if (absl::IsUnavailable(taken.status)) {
    taken.status = absl::ResourceExhaustedError("member " + peer_ + ": " +
                                                std::string(taken.status.message()));
  }
  wants_flush_.store(true, std::memory_order_release);
  return taken;
}

absl::Status Link::push(const node::Envelope& envelope) {
  return push_all(std::span(&envelope, 1)).status;
}

Taken Link::push(std::span<const replication::Lookup> lookups) { return push_all(lookups); }

void Link::push(std::span<const replication::Found> found) { push_all(found); }

void Link::flush() {
  {
    MutexLock lock(mutex_);
    if (ended_ || !reading_) return;
    wants_flush_.store(false, std::memory_order_release);
    const Time now = options_.now();
    const grpc::Slice frame = take_frame(outbox_, now, others(now));
    if (frame.size() == 0) return;
    if (options_.traffic) options_.traffic->sent += frame.size();
    write_buffer_ = grpc::ByteBuffer(&frame, 1);
    ++starting_;
  }
  // Without the lock: gRPC may run a reaction on this thread before it returns.
  start_write(&write_buffer_);
  end_start();
}

wire::Others Link::others(Time now) const {
  return options_.answer_times->others(this, now) ? wire::Others::kAnswer : wire::Others::kSilent;
}

std::size_t Link::queued_bytes() const {
  MutexLock lock(mutex_);
  return ended_ ? 0 : outbox_.queued_bytes();
}

void Link::cancel(const std::string& reason) {
  bool reading = false;
  {
    MutexLock lock(mutex_);
    if (reason_.empty()) reason_ = reason;
    if (ended_) return;
    reading = reading_;
    ++starting_;
  }
  try_cancel();
  // Otherwise the read fails now, and that ends it.
  if (!reading) end(grpc::Status(grpc::StatusCode::CANCELLED, reason));
  end_start();
}

std::string Link::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

bool Link::was_up() const {
  MutexLock lock(mutex_);
  return reading_;
}

void Link::end(const grpc::Status& status) {
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = status;
    // Nobody will read what waits.
    outbox_.reset();
    if (starting_ > 0) return;
  }
  finish(status);
}

void Link::write_done(bool ok) {
  if (!ok) return;  // the read fails too, and ends the stream
  {
    MutexLock lock(mutex_);
    outbox_.written();
  }
  flush();
}

absl::Status Link::check_received(const absl::StatusOr<wire::Frame>& frame) {
  if (!frame.ok()) return frame.status();
  if (frame->from != peer_incarnation_ || frame->cluster != options_.outbox.cluster) {
    return absl::InvalidArgumentError("it is of another sender than its connection");
  }
  MutexLock lock(mutex_);
  if (ended_) return absl::OkStatus();
  return outbox_.received(*frame);
}

void Link::read_done(bool ok) {
  if (!ok) return end(grpc::Status::OK);
  if (options_.traffic) options_.traffic->received += read_buffer_.Length();
  grpc::Slice bytes;
  const Time now = options_.now();
  absl::StatusOr<wire::Frame> frame = decode(read_buffer_, now, bytes);
  if (const absl::Status status = check_received(frame); !status.ok()) {
    const std::string text(status.message());
    {
      MutexLock lock(mutex_);
      if (reason_.empty()) reason_ = "it sent a bad frame: " + text;
    }
    owner_.rejected(*this, status);
    return end(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad frame: " + text));
  }

  if (!frame->found.empty()) options_.answer_times->note(this, now);
  const bool is_for_node = !frame->envelopes.empty();
  wants_flush_.store(true, std::memory_order_release);
  if (frame->messages() > 0) owner_.received(*this, *std::move(frame));
  read_next();
  if (is_for_node) owner_.after_frame();
  // What came with envelopes is answered when the node has handled them and the owner flushes. All
  // else has been handled by now, and its own answer may let something go that waits.
  if (!is_for_node && wants_flush()) flush();
}

void Link::done(const grpc::Status& status) {
  std::shared_ptr<Link> self = std::move(self_);
  LinkOwner& owner = owner_;
  owner.ended(self, status);
  self.reset();  // mostly the end of this object
  owner.released();
}

}  // namespace sojourn::transport
