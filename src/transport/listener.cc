#include "transport/listener.h"

#include <grpcpp/server_builder.h>

#include <chrono>

#include "transport/channel.h"
#include "transport/method.h"

namespace sojourn::transport {
namespace {

// Turns a caller away before anything was said.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// Says who we are, and no more.
class Introducing final : public grpc::ServerGenericBidiReactor {
 public:
  Introducing(grpc::GenericCallbackServerContext& context, const Identity& own) {
    own.write([&](const std::string& key, const std::string& value) {
      context.AddInitialMetadata(key, value);
    });
    const grpc::Slice nothing;
    answer_ = grpc::ByteBuffer(&nothing, 1);
    StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer answer_;
};

}  // namespace

absl::Status Listener::start(const std::string& address,
                             const std::shared_ptr<grpc::ServerCredentials>& credentials,
                             grpc::Service* beside) {
  grpc::ServerBuilder builder;
  for (const auto& [name, value] : common_arguments()) {
    builder.AddChannelArgument(name, value);
  }
  // Two processes on one address would each get some of the connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             static_cast<int>(std::chrono::milliseconds(kAnswerTimeout).count()));
  int port = 0;
  builder.AddListeningPort(address, credentials, &port);
  if (beside) builder.RegisterService(beside);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  if (server_ && port != 0) return absl::OkStatus();
  return absl::UnavailableError("listen: cannot listen on " + address +
                                ": it is in use, or not an address of this machine");
}

void Listener::stop() {
  if (!server_) return;
  // A deadline that is over: what is under way is cancelled.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

absl::StatusOr<grpc::ServerGenericBidiReactor*> Listener::answer(
    grpc::GenericCallbackServerContext& context) const {
  if (context.method() == kConnectMethod) return answers_.connect(context);
  if (context.method() != kIntroduceMethod) {
    auto* const health = answers_.health ? answers_.health(context.method()) : nullptr;
    if (health == nullptr) return absl::UnimplementedError("no such method");
    return health;
  }
  const absl::StatusOr<Identity> own = answers_.introduce(context);
  if (!own.ok()) return own.status();
  return new Introducing(context, *own);
}

grpc::ServerGenericBidiReactor* Listener::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const absl::StatusOr<grpc::ServerGenericBidiReactor*> reactor = answer(*context);
  if (reactor.ok()) return *reactor;
  // The codes of Abseil are gRPC's.
  return new Refusal(grpc::Status(static_cast<grpc::StatusCode>(reactor.status().code()),
                                  std::string(reactor.status().message())));
}

}  // namespace sojourn::transport
