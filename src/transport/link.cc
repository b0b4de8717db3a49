#include "transport/link.h"

#include <utility>
#include <vector>

namespace sojourn::transport {
namespace {

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

grpc::ByteBuffer buffer_of(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

absl::Status not_connected(const std::string& peer) {
  return absl::UnavailableError("member " + peer + " is not connected");
}

}  // namespace

void Link::open(Options options) {
  options_ = std::move(options);
  {
    MutexLock lock(mutex_);
    outbox_.emplace(options_.outbox);
  }
  start_read(&read_buffer_);
}

absl::Status Link::push(const node::Envelope& envelope) {
  MutexLock lock(mutex_);
  if (!outbox_ || ended_) return not_connected(options_.peer);
  absl::Status status = outbox_->push(envelope, options_.now());
  if (absl::IsUnavailable(status)) {
    return absl::ResourceExhaustedError("member " + options_.peer + ": " +
                                        std::string(status.message()));
  }
  return status;
}

void Link::flush() {
  {
    MutexLock lock(mutex_);
    if (!outbox_ || ended_) return;
    std::optional<std::string> frame = outbox_->take_frame(options_.now());
    if (!frame) return;
    write_buffer_ = buffer_of(*frame);
    ++starting_;
  }
  // Without the lock: gRPC may run the reaction to it on this thread, before it returns.
  start_write(&write_buffer_);
  started();
}

void Link::cancel(const std::string& reason) {
  {
    MutexLock lock(mutex_);
    if (reason_.empty()) reason_ = reason;
    if (ended_) return;
    ++starting_;
  }
  try_cancel();
  started();
}

// An operation has been started outside of the lock. If the stream ended meanwhile, it waits for us.
void Link::started() {
  std::optional<grpc::Status> ended;
  {
    MutexLock lock(mutex_);
    if (--starting_ == 0) ended = ended_;
  }
  if (ended) finish(*ended);
}

void Link::write_done(bool ok) {
  if (!ok) return;  // the read fails too, and ends the stream
  {
    MutexLock lock(mutex_);
    outbox_->written();
  }
  flush();
}

void Link::read_done(bool ok) {
  if (!ok) return end(grpc::Status::OK);
  absl::StatusOr<wire::Frame> frame = wire::decode_frame(text_of(read_buffer_), options_.now());
  absl::Status status = frame.status();
  if (status.ok() && (frame->from != options_.peer_incarnation ||
                      frame->cluster != options_.outbox.cluster)) {
    status = absl::InvalidArgumentError("the frame is of another sender than its connection");
  }
  if (status.ok()) {
    MutexLock lock(mutex_);
    status = outbox_->received(*frame);
  }
  if (!status.ok()) {
    options_.on_bad_frame(status);
    cancel("it sent a bad frame: " + std::string(status.message()));
    return end(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(status.message())));
  }
  const bool only_answers = frame->envelopes.empty();
  if (!only_answers) options_.on_frame(*std::move(frame));
  start_read(&read_buffer_);
  // An answer may let something go that waits; what came with messages is answered when they are handled.
  if (only_answers) flush();
}

void Link::end(grpc::Status status) {
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = status;
    if (starting_ > 0) return;
  }
  finish(status);
}

std::size_t Link::queued_bytes() const {
  MutexLock lock(mutex_);
  return outbox_ && !ended_ ? outbox_->queued_bytes() : 0;
}

std::string Link::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

}  // namespace sojourn::transport
