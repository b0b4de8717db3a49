#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <grpcpp/alarm.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "transport/serialized.h"
#include "transport/server_stream.h"

namespace sojourn::admin {

// One call with one answer, which is given once, by whoever is first: who knows the answer, or the
// caller, who goes away. Keeps itself until gRPC has done with it; who works on the answer shares
// it. Safe from any thread.
template <typename Reply>
class Call final : public transport::ServerStream {
 public:
  using Asked = absl::AnyInvocable<void(const std::shared_ptr<Call>& call,
                                        const grpc::ByteBuffer& request) &&>;

  // Reads what is asked, and calls `asked`, on a thread of the transport.
  static void begin(std::unique_ptr<transport::ServerCall> arrived, Asked asked) {
    std::shared_ptr<Call> call(new Call(std::move(arrived), std::move(asked)));
    call->self_ = call;
    call->start_read(&call->request_);
  }

  void answer(const Reply& reply) {
    if (!answered_.exchange(true)) write_and_finish(transport::serialized(reply));
  }
  void refuse(const absl::Status& status) {
    if (!answered_.exchange(true)) finish(transport::grpc_status(status));
  }

 private:
  Call(std::unique_ptr<transport::ServerCall> arrived, Asked asked)
      : ServerStream(std::move(arrived)), asked_(std::move(asked)) {}

  void on_read(bool ok) override {
    if (!ok) return refuse(absl::InvalidArgumentError("there is no request"));
    std::move(asked_)(self_, request_);
  }
  void on_cancelled() override { refuse(absl::CancelledError("the caller has gone")); }
  void on_done() override { const std::shared_ptr<Call> self = std::move(self_); }

  Asked asked_;
  grpc::ByteBuffer request_;
  std::atomic<bool> answered_{false};
  std::shared_ptr<Call> self_;
};

// Runs `task` on one of gRPC's threads, soon: for what takes too long for a turn with the node. It
// may still run when the store has been closed.
inline void run_aside(absl::AnyInvocable<void() &&> task) {
  struct Aside {
    grpc::Alarm alarm = {};
    absl::AnyInvocable<void()&&> task = {};
  };
  auto* const aside = new Aside;
  aside->task = std::move(task);
  aside->alarm.Set(std::chrono::system_clock::now(), [aside](bool) {
    const std::unique_ptr<Aside> owned(aside);
    std::move(owned->task)();
  });
}

}  // namespace sojourn::admin
