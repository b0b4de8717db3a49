#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "transport/identity.h"
#include "transport/queues.h"
#include "transport/server_stream.h"
#include "transport/service.h"

namespace sojourn::transport {

// Listens for the members that dial us, and for who asks for a service.
class Listener {
 public:
  // Called by the threads of the queues.
  struct Answers {
    // A member dials: takes the call, or refuses it.
    std::function<void(std::unique_ptr<ServerCall>)> connect = {};
    // With who we are, or why the caller is turned away.
    std::function<absl::StatusOr<Identity>(const grpc::GenericServerContext&)> introduce = {};
    // What else is offered. They outlive the listener.
    std::vector<Service*> services = {};
  };

  explicit Listener(Answers answers) : answers_(std::move(answers)) {}

  // kUnavailable, naming the address, if it cannot be listened on. Once. Adds its queues, which are
  // to be started next, whatever came of it.
  absl::Status start(const std::string& address,
                     const std::shared_ptr<grpc::ServerCredentials>& credentials, Queues& queues);

  // Ends all calls and waits for them. Nobody is accepted any more. Not from a reaction.
  void stop();

 private:
  void accept(grpc::ServerCompletionQueue& queue);
  void answer(std::unique_ptr<ServerCall> call);

  const Answers answers_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::Server> server_;

  Mutex mutex_;
  std::condition_variable idle_;
  // Calls that are awaited, or have arrived and not ended.
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sojourn::transport
