#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

namespace sojourn::transport {

// Listens for the members that dial us.
class Listener final : private grpc::CallbackGenericService {
 public:
  // Answers a caller: with the reactor of its stream, or why it is turned away. Called on gRPC's
  // threads.
  using Accept = std::function<absl::StatusOr<grpc::ServerGenericBidiReactor*>(
      grpc::GenericCallbackServerContext&)>;

  explicit Listener(Accept accept) : accept_(std::move(accept)) {}

  // kUnavailable, naming the address, if it cannot be listened on. Once.
  absl::Status start(const std::string& address,
                     const std::shared_ptr<grpc::ServerCredentials>& credentials);

  // Ends all streams and waits for them. Nobody is accepted any more.
  void stop();

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  const Accept accept_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sojourn::transport
