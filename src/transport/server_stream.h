#pragma once

#include <absl/status/status.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "transport/queues.h"

namespace sojourn::transport {

// The codes of Abseil are gRPC's.
inline grpc::Status grpc_status(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// A call that somebody makes to this process: what gRPC has of it. Whoever is to answer it makes a
// ServerStream of it.
struct ServerCall {
  ServerCall() { context.AsyncNotifyWhenDone(&over); }

  grpc::GenericServerContext context = {};
  grpc::GenericServerAsyncReaderWriter stream{&context};
  // It has arrived, or never will.
  Reaction arrived = {};
  // It was finished, or its caller has gone. There are two threads that may find it so: the one
  // that does not prepare the answer waits until there is somebody to be told.
  Reaction over = [this](bool) {
    is_prepared->wait(false);
    tell_over();
  };
  // Shared: it outlives the call, for who sets it.
  const std::shared_ptr<std::atomic<bool>> is_prepared = std::make_shared<std::atomic<bool>>(false);
  std::function<void()> tell_over = {};
  // When nothing is under way any more.
  std::function<void()> released = {};
};

// Answers a call: starts its operations, and is told when they have ended, by the threads of its
// queue, of each kind one at a time. Operations are started by any thread, one of a kind at a time,
// and none after finish().
class ServerStream {
 public:
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

 protected:
  explicit ServerStream(std::unique_ptr<ServerCall> call);
  virtual ~ServerStream() = default;

  grpc::GenericServerContext& context() { return call_->context; }

  void start_metadata();
  void start_read(grpc::ByteBuffer* buffer);
  void start_write(const grpc::ByteBuffer* buffer);
  // The last operation, once.
  void finish(const grpc::Status& status);
  void write_and_finish(const grpc::ByteBuffer& buffer);

  virtual void on_read(bool /*ok*/) {}
  virtual void on_written(bool /*ok*/) {}
  // The caller has gone; once, unless it was finished before.
  virtual void on_cancelled() {}
  // After finish(), and after all else: gRPC is done with it. Mostly its end.
  virtual void on_done() = 0;

 private:
  void over();
  void released();

  std::unique_ptr<ServerCall> call_;
  // Operations that have not ended; finish(), which is to come; and the end of the call.
  std::atomic<int> pending_{2};
  Reaction metadata_sent_;
  Reaction read_;
  Reaction written_;
  Reaction finished_;
};

// Turns a caller away before anything was said.
void refuse(std::unique_ptr<ServerCall> call, const absl::Status& status);

}  // namespace sojourn::transport
