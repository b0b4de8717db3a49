#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/v1/admin.grpc.pb.h>

#include <functional>
#include <memory>
#include <string>

#include "admin/audit.h"
#include "admin/authority.h"
#include "admin/call.h"
#include "base/mutex.h"
#include "base/time.h"
#include "runtime/host.h"
#include "sojourn/health.h"
#include "sojourn/metrics.h"
#include "sojourn/options.h"
#include "transport/refusals.h"

namespace sojourn::admin {

// Service Administration of proto/sojourn/v1/admin.proto: asks the caller who it is, asks the host
// for what the caller wants, and writes down what changes.
//
// Methods are called on gRPC's threads; answers come on the node's, and what takes long is moved
// aside from there. It must outlive the host: whoever closes the store stops the host first, which
// ends all calls.
class Administration final : public v1::Administration::CallbackService {
 public:
  // What is the store's, and not the host's.
  struct Hooks {
    std::function<sojourn::Health()> health = {};
    std::function<sojourn::Metrics()> metrics = {};
    std::function<void(Duration timeout, absl::AnyInvocable<void(absl::Status) &&> done)> drain =
        {};
  };

  // The host needs not be made yet.
  Administration(const StoreOptions& options, runtime::Host& host, Hooks hooks);

  // What Status() answers, and Watch() again and again. Called back in a turn with the node, or
  // with kCancelled on any.
  void take_snapshot(absl::AnyInvocable<void(absl::StatusOr<v1::Snapshot>) &&> done);

 private:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  template <typename Reply>
  using CallRef = std::shared_ptr<Call<Reply>>;

  Reactor* Status(Context* context, const v1::StatusRequest* request, v1::Snapshot* reply) override;
  grpc::ServerWriteReactor<v1::Snapshot>* Watch(Context* context,
                                                const v1::WatchRequest* request) override;
  Reactor* Owner(Context* context, const v1::OwnerRequest* request, v1::OwnerReply* reply) override;
  Reactor* Sessions(Context* context, const v1::SessionsRequest* request,
                    v1::SessionsReply* reply) override;
  // See administration_changes.cc.
  Reactor* Revoke(Context* context, const v1::RevokeRequest* request,
                  v1::RevokeReply* reply) override;
  Reactor* Drain(Context* context, const v1::DrainRequest* request, v1::DrainReply* reply) override;
  Reactor* Recover(Context* context, const v1::RecoverRequest* request,
                   v1::RecoverReply* reply) override;
  Reactor* AcknowledgeLosses(Context* context, const v1::AcknowledgeLossesRequest* request,
                             v1::AcknowledgeLossesReply* reply) override;
  // See administration_copies.cc.
  Reactor* Digests(Context* context, const v1::DigestsRequest* request,
                   v1::DigestsReply* reply) override;
  Reactor* Export(Context* context, const v1::ExportRequest* request,
                  v1::ExportReply* reply) override;
  Reactor* Import(Context* context, const v1::ImportRequest* request,
                  v1::ImportReply* reply) override;

  // Who calls, for the audit log; or kPermissionDenied, which the log then tells of.
  absl::StatusOr<std::string> admit(const Context& context);

  // Calls work(call, caller) for whoever may administer.
  template <typename Reply, typename Work>
  Reactor* serve(const Context& context, Reply* reply, Work work) {
    const CallRef<Reply> call = Call<Reply>::begin(reply);
    absl::StatusOr<std::string> caller = admit(context);
    if (caller.ok()) {
      work(call, *std::move(caller));
    } else {
      call->refuse(caller.status());
    }
    return call.get();
  }

  void revoke_one(CallRef<v1::RevokeReply> call, std::string caller, const std::string& id,
                  Duration timeout);
  void revoke_all(CallRef<v1::RevokeReply> call, std::string caller, replication::Key key,
                  const std::string& words, Duration timeout);
  void import_one(const v1::ExportedSession& exported, Duration timeout,
                  absl::AnyInvocable<void(absl::Status) &&> done);

  const std::string cluster_;
  const std::string name_;
  runtime::Host& host_;
  const Hooks hooks_;
  const Authority authority_;
  Audit audit_;

  Mutex mutex_;
  transport::Refusals refusals_ ABSL_GUARDED_BY(mutex_);
};

// How long a call may take, as the request says, or so long if it says nothing.
Duration timeout_of(std::uint32_t timeout_ms, Duration otherwise);

// All sessions that a request is about, and how an audit log calls them; kInvalidArgument if the
// request is about none.
struct Kin {
  replication::Key key = {};
  std::string words = {};
};
absl::StatusOr<Kin> kin_of_subject(const std::string& subject);
absl::StatusOr<Kin> kin_of_label(const v1::Label& label);

}  // namespace sojourn::admin
