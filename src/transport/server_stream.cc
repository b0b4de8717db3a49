#include "transport/server_stream.h"

#include <utility>

namespace sojourn::transport {
namespace {

class Refusal final : public ServerStream {
 public:
  Refusal(std::unique_ptr<ServerCall> call, const absl::Status& status)
      : ServerStream(std::move(call)) {
    finish(grpc_status(status));
  }
  void on_done() override { delete this; }
};

}  // namespace

ServerStream::ServerStream(std::unique_ptr<ServerCall> call)
    : call_(std::move(call)),
      metadata_sent_([this](bool) { released(); }),
      read_([this](bool ok) {
        on_read(ok);
        released();
      }),
      written_([this](bool ok) {
        on_written(ok);
        released();
      }),
      finished_([this](bool) { released(); }) {
  call_->tell_over = [this] { over(); };
}

void ServerStream::over() {
  if (call_->context.IsCancelled()) on_cancelled();
  released();
}

void ServerStream::start_metadata() {
  ++pending_;
  call_->stream.SendInitialMetadata(&metadata_sent_);
}

void ServerStream::start_read(grpc::ByteBuffer* buffer) {
  ++pending_;
  call_->stream.Read(buffer, &read_);
}

void ServerStream::start_write(const grpc::ByteBuffer* buffer) {
  ++pending_;
  call_->stream.Write(*buffer, &written_);
}

void ServerStream::finish(const grpc::Status& status) { call_->stream.Finish(status, &finished_); }

void ServerStream::write_and_finish(const grpc::ByteBuffer& buffer) {
  call_->stream.WriteAndFinish(buffer, grpc::WriteOptions(), grpc::Status::OK, &finished_);
}

void ServerStream::released() {
  if (--pending_ > 0) return;
  const std::unique_ptr<ServerCall> call = std::move(call_);
  on_done();
  // Of whatever is left of this object, nobody is told.
  if (call->released) call->released();
}

void refuse(std::unique_ptr<ServerCall> call, const absl::Status& status) {
  new Refusal(std::move(call), status);
}

}  // namespace sojourn::transport
