#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/time.h"
#include "wire/outbox.h"

namespace sojourn::transport {

// The two sides of one stream to one other member: frames in, frames out. The same for the side that
// dialled and the side that accepted; what differs, the gRPC reactor, implements the four operations.
//
// Safe from any thread. Reading and the end of the stream run in the reactor's reactions, one at a time;
// writing starts on whichever thread has something to write, at most one write at a time.
class Link {
 public:
  struct Options {
    // The other member.
    std::string peer = {};
    Incarnation peer_incarnation = {};
    wire::OutboxOptions outbox = {};
    std::function<Time()> now = {};
    std::function<void(wire::Frame)> on_frame = {};
    // A frame was refused; the stream ends because of it.
    std::function<void(const absl::Status&)> on_bad_frame = {};
  };

  virtual ~Link() = default;

  absl::Status push(const node::Envelope& envelope);
  void flush();
  std::size_t queued_bytes() const;

  // Ends the stream, for this reason: the first one given counts. Returns before it has ended.
  void cancel(const std::string& reason);
  // Why it ended, or will.
  std::string reason() const;

 protected:
  // From now on there is somebody to talk to.
  void open(Options options);

  // The reactor's reactions.
  void read_done(bool ok);
  void write_done(bool ok);

  // The reactor's operations. None is started after finish().
  virtual void start_read(grpc::ByteBuffer* buffer) = 0;
  virtual void start_write(const grpc::ByteBuffer* buffer) = 0;
  virtual void try_cancel() = 0;
  // Nothing more will be read or written.
  virtual void finish(const grpc::Status& status) = 0;

 private:
  void started();
  void end(grpc::Status status);

  // Constant after open().
  Options options_;
  // Touched by read_done() only.
  grpc::ByteBuffer read_buffer_;

  mutable Mutex mutex_;
  std::optional<wire::Outbox> outbox_ ABSL_GUARDED_BY(mutex_);
  // The frame that is being written. Not guarded: the outbox allows one write at a time.
  grpc::ByteBuffer write_buffer_;
  // How many threads are about to start an operation: the last of them calls finish() if the stream ends
  // meanwhile.
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Status> ended_ ABSL_GUARDED_BY(mutex_);
  std::string reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sojourn::transport
