// What administrators change.

#include <chrono>
#include <utility>

#include "admin/administration.h"
#include "base/counted.h"
#include "replication/operation.h"
#include "replication/question.h"
#include "sojourn/session_id.h"

namespace sojourn::admin {
namespace {

constexpr Duration kRevokeTimeout = std::chrono::seconds(5);
constexpr Duration kDrainTimeout = std::chrono::seconds(30);

// What was done is written down also for a caller who has gone.
template <typename Reply>
void conclude(const std::shared_ptr<Call<Reply>>& call, const absl::Status& status,
              const Reply& reply) {
  if (status.ok()) return call->answer(reply);
  call->refuse(status);
}

}  // namespace

void Administration::revoke(CallRef<v1::RevokeReply> call, std::string caller,
                            const v1::RevokeRequest& request) {
  const Duration timeout = timeout_of(request.timeout_ms(), kRevokeTimeout);
  if (request.of_case() == v1::RevokeRequest::kId) {
    return revoke_one(call, std::move(caller), request.id(), timeout);
  }
  absl::StatusOr<Kin> kin =
      request.of_case() == v1::RevokeRequest::kSubject ? kin_of_subject(request.subject())
      : request.of_case() == v1::RevokeRequest::kLabel
          ? kin_of_label(request.label())
          : absl::InvalidArgumentError("what to end: an id, a subject or a label is needed");
  if (!kin.ok()) return call->refuse(kin.status());
  revoke_all(call, std::move(caller), std::move(kin->key), kin->words, timeout);
}

void Administration::revoke_one(CallRef<v1::RevokeReply> call, std::string caller,
                                const std::string& id, Duration timeout) {
  const auto parsed = SessionId::parse(id);
  if (!parsed.ok()) return call->refuse(parsed.status());
  host_.call({.verb = replication::Verb::kRevoke, .id = id}, timeout,
             [this, call = std::move(call), caller = std::move(caller),
              handle = parsed->redacted()](const node::Finished& finished) {
               const absl::Status& status = finished.result.status;
               audit_.write(caller, "revoke session " + handle, status);
               conclude(call, status, {});
             });
}

void Administration::revoke_all(CallRef<v1::RevokeReply> call, std::string caller,
                                replication::Key key, const std::string& words, Duration timeout) {
  host_.ask({.inquiry = replication::Inquiry::kEnd, .key = std::move(key)}, timeout,
            [this, call = std::move(call), caller = std::move(caller),
             words](const replication::Findings& findings) {
              audit_.write(caller, "revoke all sessions of " + words, findings.status,
                           counted(findings.count, "session") + " ended");
              v1::RevokeReply reply;
              reply.set_ended(findings.count);
              conclude(call, findings.status, reply);
            });
}

void Administration::drain(CallRef<v1::DrainReply> call, std::string caller,
                           const v1::DrainRequest& request) {
  // It may take long, and the process may end before it has.
  audit_.write(caller, "drain member " + name_, absl::OkStatus(), "begun");
  hooks_.drain(timeout_of(request.timeout_ms(), kDrainTimeout),
               [this, call, caller = std::move(caller)](const absl::Status& status) {
                 audit_.write(caller, "drain member " + name_, status);
                 conclude(call, status, {});
               });
}

void Administration::recover(CallRef<v1::RecoverReply> call, std::string caller,
                             const v1::RecoverRequest&) {
  host_.recover([this, call, caller = std::move(caller)](const absl::Status& status) {
    audit_.write(caller, "recover with the members that are here", status, "begun");
    conclude(call, status, {});
  });
}

void Administration::acknowledge_losses(CallRef<v1::AcknowledgeLossesReply> call,
                                        std::string caller, const v1::AcknowledgeLossesRequest&) {
  v1::AcknowledgeLossesReply told;
  told.set_segments(static_cast<std::uint32_t>(hooks_.metrics().segments_lost));
  host_.acknowledge_losses();
  audit_.write(caller, "acknowledge losses", absl::OkStatus(), counted(told.segments(), "segment"));
  call->answer(told);
}

}  // namespace sojourn::admin
