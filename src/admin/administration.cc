#include "admin/administration.h"

#include <algorithm>
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

// Turns a caller away.
class Refusal final : public grpc::ServerWriteReactor<v1::Snapshot> {
 public:
  explicit Refusal(const absl::Status& status) { Finish(grpc_status(status)); }
  void OnDone() override { delete this; }
};

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
             [this](LogLevel level, const std::string& line) { host_.log(level, line); }) {}

absl::StatusOr<std::string> Administration::admit(const Context& context) {
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

Administration::Reactor* Administration::Status(Context* context, const v1::StatusRequest*,
                                                v1::Snapshot* reply) {
  return serve(*context, reply, [this](const CallRef<v1::Snapshot>& call, const std::string&) {
    take_snapshot([call](absl::StatusOr<v1::Snapshot> snapshot) {
      if (!snapshot.ok()) return call->refuse(snapshot.status());
      call->answer(*std::move(snapshot));
    });
  });
}

grpc::ServerWriteReactor<v1::Snapshot>* Administration::Watch(Context* context,
                                                              const v1::WatchRequest* request) {
  if (const auto caller = admit(*context); !caller.ok()) return new Refusal(caller.status());
  const auto interval = std::chrono::milliseconds(
      request->interval_ms() == 0 ? 1000 : std::clamp(request->interval_ms(), 100u, 60000u));
  return Watcher::begin(*this, interval);
}

Administration::Reactor* Administration::Owner(Context* context, const v1::OwnerRequest* request,
                                               v1::OwnerReply* reply) {
  return serve(*context, reply, [&](const CallRef<v1::OwnerReply>& call, const std::string&) {
    const auto id = SessionId::parse(request->id());
    if (!id.ok()) return call->refuse(id.status());
    const auto roles = host_.roles();
    if (!roles) return call->refuse(absl::UnavailableError("this member is in no view yet"));
    call->answer(owner_of(*roles, id->text()));
  });
}

Administration::Reactor* Administration::Sessions(Context* context,
                                                  const v1::SessionsRequest* request,
                                                  v1::SessionsReply* reply) {
  return serve(*context, reply, [&](const CallRef<v1::SessionsReply>& call, std::string caller) {
    absl::StatusOr<Kin> kin = kin_of(*request);
    if (!kin.ok()) return call->refuse(kin.status());
    const std::uint32_t limit = request->limit() == 0 ? kPage : request->limit();
    if (limit > replication::kPageMax) {
      return call->refuse(absl::InvalidArgumentError("limit: more than 1000"));
    }
    const auto told = [this, call, with_ids = request->with_ids(), caller = std::move(caller),
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
        call->answer(std::move(page));
      });
    };
    host_.ask({.inquiry = replication::Inquiry::kList,
               .key = std::move(kin->key),
               .after = request->after(),
               .limit = limit},
              timeout_of(request->timeout_ms(), kAskTimeout), told);
  });
}

}  // namespace sojourn::admin
