#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transport/identity.h"

namespace sojourn::transport {

// Listens for the members that dial us.
class Listener final : private grpc::CallbackGenericService {
 public:
  // Both answer a caller, or say why it is turned away. Called on gRPC's threads.
  struct Answers {
    // With the reactor of its stream.
    std::function<absl::StatusOr<grpc::ServerGenericBidiReactor*>(
        grpc::GenericCallbackServerContext&)>
        connect = {};
    // With who we are.
    std::function<absl::StatusOr<Identity>(const grpc::GenericCallbackServerContext&)> introduce =
        {};
    // With the reactor of a call of that method, if it is one of the health service; null if not.
    // Unset: there is no health service.
    std::function<grpc::ServerGenericBidiReactor*(std::string_view method)> health = {};
  };

  explicit Listener(Answers answers) : answers_(std::move(answers)) {}

  // kUnavailable, naming the address, if it cannot be listened on. Once. `beside`: another service
  // that is offered there, or null; it must outlive the listener.
  absl::Status start(const std::string& address,
                     const std::shared_ptr<grpc::ServerCredentials>& credentials,
                     grpc::Service* beside);

  // Ends all streams and waits for them. Nobody is accepted any more.
  void stop();

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  absl::StatusOr<grpc::ServerGenericBidiReactor*> answer(
      grpc::GenericCallbackServerContext& context) const;

  const Answers answers_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sojourn::transport
