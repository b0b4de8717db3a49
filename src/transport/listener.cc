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

}  // namespace

absl::Status Listener::start(const std::string& address,
                             const std::shared_ptr<grpc::ServerCredentials>& credentials) {
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

grpc::ServerGenericBidiReactor* Listener::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (context->method() != kConnectMethod) {
    return new Refusal(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method"));
  }
  const absl::StatusOr<grpc::ServerGenericBidiReactor*> reactor = accept_(*context);
  if (reactor.ok()) return *reactor;
  // The codes of Abseil are gRPC's.
  return new Refusal(grpc::Status(static_cast<grpc::StatusCode>(reactor.status().code()),
                                  std::string(reactor.status().message())));
}

}  // namespace sojourn::transport
