#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <memory>
#include <string>
#include <utility>

#include "transport/link.h"

namespace sojourn::transport {

// The end of a stream that dialled.
class DialledLink final : public Link,
                          private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // Somebody else must keep a channel until LinkOwner::released(): this one, or another one that
  // was used.
  DialledLink(LinkOwner& owner, std::string peer, LinkOptions options,
              const std::shared_ptr<grpc::Channel>& channel)
      : Link(owner, std::move(peer), std::move(options)), stub_(channel) {}

  // Says who we are. Once.
  void dial(const Identity& own);

 private:
  void give_up_without_answer();

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override { read_done(ok); }
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnDone(const grpc::Status& status) override { done(status); }

  void start_read(grpc::ByteBuffer* buffer) override { StartRead(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { StartWrite(buffer); }
  void try_cancel() override { context_.TryCancel(); }
  void finish(const grpc::Status& status) override;

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::Alarm alarm_;
};

}  // namespace sojourn::transport
