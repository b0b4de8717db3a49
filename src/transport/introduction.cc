#include "transport/introduction.h"

#include <grpcpp/support/slice.h>

#include <chrono>
#include <utility>

#include "transport/method.h"

namespace sojourn::transport {

void Introduction::ask(const Identity& own, grpc::CompletionQueue& queue, Answered answered) {
  own.write([this](const std::string& key, const std::string& value) {
    context_.AddMetadata(key, value);
  });
  context_.set_deadline(std::chrono::system_clock::now() + kAnswerTimeout);
  // All is said in metadata; gRPC wants a message all the same.
  const grpc::Slice nothing;
  question_ = grpc::ByteBuffer(&nothing, 1);
  answered_ = [this, answered = std::move(answered)](bool) {
    // They may destroy this.
    const Answered told = answered;
    const grpc::Status status = status_;
    told(status);
  };
  call_ = stub_.PrepareUnaryCall(&context_, kIntroduceMethod, question_, &queue);
  call_->StartCall();
  call_->Finish(&answer_, &status_, &answered_);
}

}  // namespace sojourn::transport
