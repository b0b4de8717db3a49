#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <utility>

#include "transport/link.h"

namespace sojourn::transport {

// The end of a stream that was dialled.
class AcceptedLink final : public Link, private grpc::ServerGenericBidiReactor {
 public:
  AcceptedLink(LinkOwner& owner, grpc::GenericCallbackServerContext& context,
               const Identity& caller, LinkOptions options)
      : Link(owner, caller.member, std::move(options)), context_(context) {
    set_peer_incarnation(caller.incarnation);
  }

  // Says who we are. Once. The reactor is for gRPC.
  grpc::ServerGenericBidiReactor* accept(const Identity& own) {
    own.write([this](const std::string& key, const std::string& value) {
      context_.AddInitialMetadata(key, value);
    });
    begin_start();
    StartSendInitialMetadata();
    end_start();
    return this;
  }

 private:
  void OnReadDone(bool ok) override { read_done(ok); }
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnDone() override { done(grpc::Status::OK); }

  void start_read(grpc::ByteBuffer* buffer) override { StartRead(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { StartWrite(buffer); }
  void try_cancel() override { context_.TryCancel(); }
  void finish(const grpc::Status& status) override { Finish(status); }

  // gRPC's; valid until OnDone().
  grpc::GenericCallbackServerContext& context_;
};

}  // namespace sojourn::transport
