#include "transport/client_stream.h"

#include <utility>

namespace sojourn::transport {

ClientStream::ClientStream(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(channel),
      started_([this](bool) {
        begun();
        released();
      }),
      metadata_([this](bool ok) {
        has_metadata_ = ok;
        begun();
        released();
      }),
      read_([this](bool ok) {
        on_read(ok);
        released();
      }),
      written_([this](bool ok) {
        on_written(ok);
        released();
      }),
      over_([this](bool) { released(); }) {}

void ClientStream::start(const char* method, grpc::CompletionQueue& queue) {
  pending_ += 2;
  stream_ = stub_.PrepareCall(&context_, method, &queue);
  stream_->StartCall(&started_);
  stream_->ReadInitialMetadata(&metadata_);
}

// gRPC starts a call with the same operation by which it writes, so nothing may be written before
// that has ended, even if the other side has answered.
void ClientStream::begun() {
  if (--beginnings_ > 0) return;
  // Ends when the call has: gRPC allows it only when the metadata has come.
  ++pending_;
  stream_->Finish(&status_, &over_);
  on_metadata(has_metadata_);
}

void ClientStream::start_read(grpc::ByteBuffer* buffer) {
  ++pending_;
  stream_->Read(buffer, &read_);
}

void ClientStream::start_write(const grpc::ByteBuffer* buffer) {
  ++pending_;
  stream_->Write(*buffer, &written_);
}

void ClientStream::released() {
  if (--pending_ > 0) return;
  const grpc::Status status = std::move(status_);
  on_done(status);
}

}  // namespace sojourn::transport
