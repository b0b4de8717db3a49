#include "transport/introduction.h"

#include <grpcpp/support/slice.h>

#include <chrono>
#include <utility>

#include "transport/method.h"

namespace sojourn::transport {

void Introduction::ask(const Identity& own, Answered answered) {
  own.write([this](const std::string& key, const std::string& value) {
    context_.AddMetadata(key, value);
  });
  context_.set_deadline(std::chrono::system_clock::now() + kAnswerTimeout);
  // All is said in metadata; gRPC wants a message all the same.
  const grpc::Slice nothing;
  question_ = grpc::ByteBuffer(&nothing, 1);
  stub_.UnaryCall(&context_, kIntroduceMethod, grpc::StubOptions(), &question_, &answer_,
                  std::move(answered));
}

}  // namespace sojourn::transport
