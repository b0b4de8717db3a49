#pragma once

#include <memory>
#include <string>
#include <utility>

#include "transport/link.h"
#include "transport/server_stream.h"

namespace sojourn::transport {

// The end of a stream that was dialled.
class AcceptedLink final : public Link, private ServerStream {
 public:
  AcceptedLink(LinkOwner& owner, std::unique_ptr<ServerCall> call, const Identity& caller,
               LinkOptions options)
      : Link(owner, caller.member, std::move(options)), ServerStream(std::move(call)) {
    set_peer_incarnation(caller.incarnation);
  }

  // Says who we are. Once.
  void accept(const Identity& own) {
    own.write([this](const std::string& key, const std::string& value) {
      context().AddInitialMetadata(key, value);
    });
    begin_start();
    start_metadata();
    end_start();
  }

 private:
  void on_read(bool ok) override { read_done(ok); }
  void on_written(bool ok) override { write_done(ok); }
  void on_done() override { done(grpc::Status::OK); }

  void start_read(grpc::ByteBuffer* buffer) override { ServerStream::start_read(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { ServerStream::start_write(buffer); }
  void try_cancel() override { context().TryCancel(); }
  void finish(const grpc::Status& status) override { ServerStream::finish(status); }
};

}  // namespace sojourn::transport
