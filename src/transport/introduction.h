#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>

#include "transport/identity.h"
#include "transport/queues.h"

namespace sojourn::transport {

// Asks once who listens at an address, and says who we are.
class Introduction {
 public:
  // Called once, by a thread of the queue, which does not touch the introduction afterwards.
  using Answered = std::function<void(const grpc::Status& status)>;

  explicit Introduction(const std::shared_ptr<grpc::Channel>& channel) : stub_(channel) {}

  // Once. Nobody waits longer than kAnswerTimeout.
  void ask(const Identity& own, grpc::CompletionQueue& queue, Answered answered);

  // The answer is not wanted any more, and comes as an error.
  void cancel() { context_.TryCancel(); }

  // After an answer that was OK: who it is, and its certificate.
  Identity identity() const { return Identity::read(context_.GetServerInitialMetadata()); }
  std::shared_ptr<const grpc::AuthContext> proof() const { return context_.auth_context(); }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer question_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  Reaction answered_;
};

}  // namespace sojourn::transport
