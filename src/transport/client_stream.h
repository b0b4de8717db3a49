#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <memory>

#include "transport/queues.h"

namespace sojourn::transport {

// A call of this process's: starts its operations, and is told when they have ended, by the threads
// of its queue, of each kind one at a time. Operations are started by any thread, one of a kind at
// a time, and none after end().
class ClientStream {
 public:
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

 protected:
  explicit ClientStream(const std::shared_ptr<grpc::Channel>& channel);
  virtual ~ClientStream() = default;

  grpc::ClientContext& context() { return context_; }

  // Once, and before all else.
  void start(const char* method, grpc::CompletionQueue& queue);
  void start_read(grpc::ByteBuffer* buffer);
  void start_write(const grpc::ByteBuffer* buffer);
  // Nothing more will be started. Once.
  void end() { released(); }

  // What the other side said before its first message is in context(); or it was turned away.
  virtual void on_metadata(bool ok) = 0;
  virtual void on_read(bool ok) = 0;
  virtual void on_written(bool ok) = 0;
  // After end(), and after all else: gRPC is done with it. Mostly its end.
  virtual void on_done(const grpc::Status& status) = 0;

 private:
  void begun();
  void released();

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::Status status_;
  // Operations that have not ended; and end(), which is to come.
  std::atomic<int> pending_{1};
  // The start of the call and the metadata, as far as they have not ended.
  std::atomic<int> beginnings_{2};
  bool has_metadata_ = false;
  Reaction started_;
  Reaction metadata_;
  Reaction read_;
  Reaction written_;
  Reaction over_;
};

}  // namespace sojourn::transport
