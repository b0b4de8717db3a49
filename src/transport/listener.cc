#include "transport/listener.h"

#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstddef>

#include "transport/channel.h"
#include "transport/method.h"

namespace sojourn::transport {
namespace {

// Says who we are, and no more.
class Introducing final : public ServerStream {
 public:
  Introducing(std::unique_ptr<ServerCall> call, const Identity& own)
      : ServerStream(std::move(call)) {
    own.write([this](const std::string& key, const std::string& value) {
      context().AddInitialMetadata(key, value);
    });
    const grpc::Slice nothing;
    write_and_finish(grpc::ByteBuffer(&nothing, 1));
  }
  void on_done() override { delete this; }
};

}  // namespace

absl::Status Listener::start(const std::string& address,
                             const std::shared_ptr<grpc::ServerCredentials>& credentials,
                             Queues& queues) {
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
  builder.RegisterAsyncGenericService(&service_);
  std::vector<grpc::ServerCompletionQueue*> own;
  for (std::size_t i = 0; i < Queues::count_wanted(); ++i) {
    std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
    own.push_back(queue.get());
    queues.add(std::move(queue));
  }
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) {
    return absl::UnavailableError("listen: cannot listen on " + address +
                                  ": it is in use, or not an address of this machine");
  }
  for (grpc::ServerCompletionQueue* const queue : own) accept(*queue);
  return absl::OkStatus();
}

void Listener::stop() {
  if (!server_) return;
  // A deadline that is over: what is under way is cancelled.
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  std::unique_lock<std::mutex> lock(mutex_.native());
  idle_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_ == 0; });
}

// One call at a time is awaited by each queue; gRPC keeps those that come meanwhile.
void Listener::accept(grpc::ServerCompletionQueue& queue) {
  auto* const call = new ServerCall;
  {
    MutexLock lock(mutex_);
    ++calls_;
  }
  call->released = [this] {
    MutexLock lock(mutex_);
    if (--calls_ == 0) idle_.notify_all();
  };
  call->arrived = [this, &queue, call](bool ok) {
    std::unique_ptr<ServerCall> owned(call);
    if (!ok) return owned->released();
    accept(queue);
    const auto is_prepared = owned->is_prepared;
    answer(std::move(owned));
    is_prepared->store(true);
    is_prepared->notify_all();
  };
  service_.RequestCall(&call->context, &call->stream, &queue, &queue, &call->arrived);
}

void Listener::answer(std::unique_ptr<ServerCall> call) {
  const std::string& method = call->context.method();
  if (method == kConnectMethod) return answers_.connect(std::move(call));
  if (method == kIntroduceMethod) {
    const absl::StatusOr<Identity> own = answers_.introduce(call->context);
    if (!own.ok()) return refuse(std::move(call), own.status());
    new Introducing(std::move(call), *own);
    return;
  }
  for (Service* const service : answers_.services) {
    if (service->has(method)) return service->answer(std::move(call));
  }
  refuse(std::move(call), absl::UnimplementedError("no such method"));
}

}  // namespace sojourn::transport
