#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/v1/admin.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

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
#include "transport/service.h"

namespace sojourn::admin {

// Service Administration of proto/sojourn/v1/admin.proto: asks the caller who it is, asks the host
// for what the caller wants, and writes down what changes.
//
// Calls begin on threads of the transport; answers come in a turn with the node, and what takes
// long is moved aside from there. It must outlive the host: whoever closes the store stops the host
// first, which ends all calls.
class Administration final : public transport::Service {
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

  bool has(std::string_view method) const override {
    return methods_.find(method) != methods_.end();
  }
  void answer(std::unique_ptr<transport::ServerCall> call) override;

  // What Status() answers, and Watch() again and again. Called back in a turn with the node, or
  // with kCancelled on any.
  void take_snapshot(absl::AnyInvocable<void(absl::StatusOr<v1::Snapshot>) &&> done);

 private:
  template <typename Reply>
  using CallRef = std::shared_ptr<Call<Reply>>;
  // How the calls of a method are answered that `caller` may make.
  using Method =
      std::function<void(std::unique_ptr<transport::ServerCall> call, std::string caller)>;

  // Methods with one answer. See administration_changes.cc and administration_copies.cc, too.
  void status(CallRef<v1::Snapshot> call, std::string caller, const v1::StatusRequest& request);
  void owner(CallRef<v1::OwnerReply> call, std::string caller, const v1::OwnerRequest& request);
  void sessions(CallRef<v1::SessionsReply> call, std::string caller,
                const v1::SessionsRequest& request);
  void revoke(CallRef<v1::RevokeReply> call, std::string caller, const v1::RevokeRequest& request);
  void drain(CallRef<v1::DrainReply> call, std::string caller, const v1::DrainRequest& request);
  void recover(CallRef<v1::RecoverReply> call, std::string caller,
               const v1::RecoverRequest& request);
  void acknowledge_losses(CallRef<v1::AcknowledgeLossesReply> call, std::string caller,
                          const v1::AcknowledgeLossesRequest& request);
  void digests(CallRef<v1::DigestsReply> call, std::string caller,
               const v1::DigestsRequest& request);
  void export_page(CallRef<v1::ExportReply> call, std::string caller,
                   const v1::ExportRequest& request);
  void import_all(CallRef<v1::ImportReply> call, std::string caller,
                  const v1::ImportRequest& request);

  void offer(std::string_view name, Method method);
  template <typename Request, typename Reply>
  void offer(std::string_view name,
             void (Administration::*method)(CallRef<Reply>, std::string, const Request&));

  // Who calls, for the audit log; or kPermissionDenied, which the log then tells of.
  absl::StatusOr<std::string> admit(const grpc::GenericServerContext& context);

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
  // By the path of the call, "/package.Service/Method". Does not change.
  std::map<std::string, Method, std::less<>> methods_;
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
