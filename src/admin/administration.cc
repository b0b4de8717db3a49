#include "admin/administration.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "admin/answers.h"
#include "admin/watcher.h"
#include "replication/question.h"
#include "runtime/clock.h"
#include "runtime/closed.h"
#include "session/label_key.h"
#include "session/limits.h"
#include "sojourn/session_id.h"
#include "transport/serialized.h"

namespace sojourn::admin {
namespace {

constexpr Duration kAskTimeout = std::chrono::seconds(5);
constexpr std::uint32_t kPage = 100;

std::vector<std::string> names_of(const grpc::AuthContext& caller) {
  std::vector<std::string> names;
  for (const grpc::string_ref& name : caller.FindPropertyValues("x509_subject_alternative_name")) {
    names.emplace_back(name.data(), name.size());
  }
  return names;
}

absl::StatusOr<Kin> kin_of(const v1::SessionsRequest& request) {
  if (request.of_case() == v1::SessionsRequest::kSubject) return kin_of_subject(request.subject());
  if (request.of_case() == v1::SessionsRequest::kLabel) return kin_of_label(request.label());
  return absl::InvalidArgumentError("whose sessions: a subject or a label is needed");
}

}  // namespace

Duration timeout_of(std::uint32_t timeout_ms, Duration otherwise) {
  return timeout_ms == 0 ? otherwise : std::chrono::milliseconds(timeout_ms);
}

absl::StatusOr<Kin> kin_of_subject(const std::string& subject) {
  if (absl::Status status = session::check_subject(subject); !status.ok()) return status;
  return Kin{.key = {session::KeyView::Kind::kSubject, subject},
             .words = "subject " + quoted(subject)};
}

absl::StatusOr<Kin> kin_of_label(const v1::Label& told) {
  const Label label = {told.name(), told.value()};
  if (absl::Status status = session::check_label(label); !status.ok()) return status;
  return Kin{.key = {session::KeyView::Kind::kLabel, session::label_key(label)},
             .words = "label " + quoted(label.name + "=" + label.value)};
}

Administration::Administration(const StoreOptions& options, runtime::Host& host, Hooks hooks)
    : cluster_(options.cluster),
      name_(options.name),
      host_(host),
      hooks_(std::move(hooks)),
      authority_(options),
      audit_(options.audit,
             [this](LogLevel level, const std::string& line) { host_.log(level, line); }) {
  offer("Status", &Administration::status);
  offer("Watch", [this](std::unique_ptr<transport::ServerCall> call, const std::string&) {
    Watcher::begin(*this, std::move(call));
  });
  offer("Owner", &Administration::owner);
  offer("Sessions", &Administration::sessions);
  offer("Revoke", &Administration::revoke);
  offer("Drain", &Administration::drain);
  offer("Recover", &Administration::recover);
  offer("AcknowledgeLosses", &Administration::acknowledge_losses);
  offer("Digests", &Administration::digests);
  offer("Export", &Administration::export_page);
  offer("Import", &Administration::import_all);
}

void Administration::offer(std::string_view name, Method method) {
  methods_["/sojourn.v1.Administration/" + std::string(name)] = std::move(method);
}

template <typename Request, typename Reply>
void Administration::offer(std::string_view name,
                           void (Administration::*method)(CallRef<Reply>, std::string,
                                                          const Request&)) {
  offer(name, [this, method](std::unique_ptr<transport::ServerCall> arrived, std::string caller) {
    Call<Reply>::begin(
        std::move(arrived), [this, method, caller = std::move(caller)](
                                const CallRef<Reply>& call, const grpc::ByteBuffer& bytes) mutable {
          Request request;
          if (!transport::parse(bytes, request)) {
            return call->refuse(absl::InvalidArgumentError("this is no " + request.GetTypeName()));
          }
          (this->*method)(call, std::move(caller), request);
        });
  });
}

void Administration::answer(std::unique_ptr<transport::ServerCall> call) {
  absl::StatusOr<std::string> caller = admit(call->context);
  if (!caller.ok()) return transport::refuse(std::move(call), caller.status());
  methods_.at(call->context.method())(std::move(call), *std::move(caller));
}

absl::StatusOr<std::string> Administration::admit(const grpc::GenericServerContext& context) {
  const std::string peer = context.peer();
  absl::StatusOr<std::string> caller = authority_.admit(names_of(*context.auth_context()), peer);
  if (caller.ok()) return caller;
  bool is_news = false;
  {
    MutexLock lock(mutex_);
    // Without the port, which is another one each time.
    is_news = refusals_.is_news(peer.substr(0, peer.rfind(':')), "", runtime::now());
  }
  if (is_news) host_.log(LogLevel::kWarning, std::string(caller.status().message()));
  return caller;
}

void Administration::take_snapshot(absl::AnyInvocable<void(absl::StatusOr<v1::Snapshot>) &&> done) {
  const auto roles = host_.roles();
  v1::Snapshot snapshot = snapshot_of(hooks_.health(), hooks_.metrics(), roles.get());
  snapshot.set_cluster(cluster_);
  snapshot.set_name(name_);
  host_.look([self = name_, snapshot = std::move(snapshot),
              done = std::move(done)](const node::Node* node) mutable {
    if (!node) return std::move(done)(runtime::closed());
    for (v1::MemberStatus& member : *snapshot.mutable_members()) {
      member.set_connected(member.name() == self ||
                           node->membership().connected(runtime::now(), member.name()));
    }
    std::move(done)(std::move(snapshot));
  });
}

void Administration::status(CallRef<v1::Snapshot> call, std::string, const v1::StatusRequest&) {
  take_snapshot([call = std::move(call)](const absl::StatusOr<v1::Snapshot>& snapshot) {
    if (!snapshot.ok()) return call->refuse(snapshot.status());
    call->answer(*snapshot);
  });
}

void Administration::owner(CallRef<v1::OwnerReply> call, std::string,
                           const v1::OwnerRequest& request) {
  const auto id = SessionId::parse(request.id());
  if (!id.ok()) return call->refuse(id.status());
  const auto roles = host_.roles();
  if (!roles) return call->refuse(absl::UnavailableError("this member is in no view yet"));
  call->answer(owner_of(*roles, id->text()));
}

void Administration::sessions(CallRef<v1::SessionsReply> call, std::string caller,
                              const v1::SessionsRequest& request) {
  absl::StatusOr<Kin> kin = kin_of(request);
  if (!kin.ok()) return call->refuse(kin.status());
  const std::uint32_t limit = request.limit() == 0 ? kPage : request.limit();
  if (limit > replication::kPageMax) {
    return call->refuse(absl::InvalidArgumentError("limit: more than 1000"));
  }
  const auto told = [this, call, with_ids = request.with_ids(), caller = std::move(caller),
                     words = kin->words](replication::Findings findings) {
    if (!findings.status.ok()) return call->refuse(findings.status);
    if (with_ids) {
      audit_.write(caller, "list the ids of the sessions of " + words, absl::OkStatus(),
                   std::to_string(findings.sessions.size()) + " told");
    }
    run_aside([call, with_ids, roles = host_.roles(), findings = std::move(findings)] {
      v1::SessionsReply page;
      for (const replication::Copy& copy : findings.sessions) {
        v1::SessionSummary& added = *page.add_sessions();
        added = summary_of(copy, runtime::now(), with_ids);
        if (!roles) continue;
        const auto owner = roles->primary(roles->segment_of(copy.record->id()));
        if (owner) added.set_owner(roles->view().members[owner->value].name);
      }
      if (findings.more && !findings.sessions.empty()) {
        page.set_next(std::string(findings.sessions.back().record->id().text()));
      }
      call->answer(page);
    });
  };
  host_.ask({.inquiry = replication::Inquiry::kList,
             .key = std::move(kin->key),
             .after = request.after(),
             .limit = limit},
            timeout_of(request.timeout_ms(), kAskTimeout), told);
}

}  // namespace sojourn::admin
