#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace sojourn::admin {

// The codes of Abseil are gRPC's.
inline grpc::Status grpc_status(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// One call with one answer, which is given once, by whoever is first: who knows the answer, or the
// caller, who goes away. Keeps itself until gRPC has done with it; who works on the answer shares
// it. Safe from any thread.
template <typename Reply>
class Call final : public grpc::ServerUnaryReactor {
 public:
  // `reply` is gRPC's, and there until the call is over.
  static std::shared_ptr<Call> begin(Reply* reply) {
    std::shared_ptr<Call> call(new Call(reply));
    call->self_ = call;
    return call;
  }

  void answer(Reply reply) {
    if (answered_.exchange(true)) return;
    *reply_ = std::move(reply);
    Finish(grpc::Status::OK);
  }
  void refuse(const absl::Status& status) {
    if (!answered_.exchange(true)) Finish(grpc_status(status));
  }

 private:
  explicit Call(Reply* reply) : reply_(reply) {}

  void OnCancel() override { refuse(absl::CancelledError("the caller has gone")); }
  void OnDone() override { const std::shared_ptr<Call> self = std::move(self_); }

  Reply* const reply_;
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
