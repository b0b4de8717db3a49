#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <memory>
#include <string>
#include <utility>

#include "transport/client_stream.h"
#include "transport/link.h"

namespace sojourn::transport {

// The end of a stream that dialled.
class DialledLink final : public Link, private ClientStream {
 public:
  DialledLink(LinkOwner& owner, std::string peer, LinkOptions options,
              const std::shared_ptr<grpc::Channel>& channel)
      : Link(owner, std::move(peer), std::move(options)), ClientStream(channel) {}

  // Says who we are. Once. The reactions run on that queue.
  void dial(const Identity& own, grpc::CompletionQueue& queue);

 private:
  void give_up_without_answer();

  void on_metadata(bool ok) override;
  void on_read(bool ok) override { read_done(ok); }
  void on_written(bool ok) override { write_done(ok); }
  void on_done(const grpc::Status& status) override { done(status); }

  void start_read(grpc::ByteBuffer* buffer) override { ClientStream::start_read(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { ClientStream::start_write(buffer); }
  void try_cancel() override { context().TryCancel(); }
  void finish(const grpc::Status& status) override;

  grpc::Alarm alarm_;
};

}  // namespace sojourn::transport
