// What administrators compare, and carry from cluster to cluster.

#include <absl/strings/str_format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "admin/administration.h"
#include "admin/answers.h"
#include "base/counted.h"
#include "node/holdings.h"
#include "replication/operation.h"
#include "runtime/clock.h"
#include "runtime/closed.h"
#include "session/label_key.h"
#include "sojourn/session_id.h"

namespace sojourn::admin {
namespace {

constexpr Duration kImportTimeout = std::chrono::seconds(5);
constexpr int kImportsMax = 100;

template <typename Reply>
void set_view(const node::Node& node, Reply& reply) {
  if (!node.roles()) return;
  reply.set_epoch(node.roles()->view().epoch);
  reply.set_generation(node.roles()->view().generation);
}

replication::Operation creation_of(const std::string& id, const NewSession& session) {
  Patch tabs;
  for (const Tab& tab : session.tabs()) {
    tabs.in_tab(tab.name);
    for (const Attribute& attribute : tab.attributes) tabs.set(attribute.name, attribute.value);
  }
  std::vector<Attribute> attributes = session.attributes();
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return {.verb = replication::Verb::kCreate,
          .id = id,
          .phase = session.phase(),
          .subject = std::string(session.subject()),
          .lifetime = *session.lifetime(),
          .attributes = std::move(attributes),
          .steps = tabs.steps(),
          .labels = session::label_keys(session.labels()),
          .remembered = session.is_remembered()};
}

// The imports of one request: answered when the last of them has ended.
class Imports {
 public:
  Imports(std::shared_ptr<Call<v1::ImportReply>> call, int count,
          std::function<void(int made)> ended)
      : call_(std::move(call)), ended_(std::move(ended)), left_(count) {
    for (int i = 0; i < count; ++i) reply_.add_outcomes();
  }

  // Each index once, from any thread.
  void note(int index, const absl::Status& status) {
    v1::ImportReply::Outcome& outcome = *reply_.mutable_outcomes(index);
    outcome.set_code(static_cast<std::uint32_t>(status.code()));
    outcome.set_message(std::string(status.message()));
    if (status.ok()) ++made_;
    if (--left_ > 0) return;
    ended_(made_);
    call_->answer(reply_);
  }

 private:
  const std::shared_ptr<Call<v1::ImportReply>> call_;
  const std::function<void(int made)> ended_;
  v1::ImportReply reply_;
  std::atomic<int> made_{0};
  std::atomic<int> left_;
};

}  // namespace

void Administration::digests(CallRef<v1::DigestsReply> call, std::string,
                             const v1::DigestsRequest& request) {
  if (request.first_segment() > request.last_segment() ||
      request.last_segment() >= ring::kSegmentsMax) {
    return call->refuse(absl::InvalidArgumentError("there are no such segments"));
  }
  host_.look([call, request = request](const node::Node* node) {
    if (!node) return call->refuse(runtime::closed());
    v1::DigestsReply told;
    set_view(*node, told);
    node::Holdings holdings = node::holdings_of(*node, request.first_segment(),
                                                request.last_segment(), request.with_entries());
    told.set_next_segment(holdings.next);
    run_aside([call, told = std::move(told), holdings = std::move(holdings)]() mutable {
      for (const node::Holding& holding : holdings.segments) {
        *told.add_digests() = digest_of(holding);
      }
      call->answer(told);
    });
  });
}

void Administration::export_page(CallRef<v1::ExportReply> call, std::string caller,
                                 const v1::ExportRequest& request) {
  host_.look([this, call, request = request, caller = std::move(caller)](const node::Node* node) {
    if (!node) return call->refuse(runtime::closed());
    const Time now = runtime::now();
    node::SessionsOwned owned =
        node::sessions_owned(*node, now, request.first_segment(), request.after());
    audit_.write(caller,
                 absl::StrFormat("export sessions from segment %d on", request.first_segment()),
                 owned.status, counted(owned.sessions.size(), "session") + " told");
    if (!owned.status.ok()) return call->refuse(owned.status);
    v1::ExportReply told;
    set_view(*node, told);
    told.set_segments(node->roles()->view().segments);
    told.set_next_segment(owned.next_segment);
    told.set_next_after(owned.next_after);
    run_aside([call, now, told = std::move(told), owned = std::move(owned)]() mutable {
      for (const replication::Copy& copy : owned.sessions) {
        *told.add_sessions() = exported_session(copy, now);
      }
      call->answer(told);
    });
  });
}

void Administration::import_all(CallRef<v1::ImportReply> call, std::string caller,
                                const v1::ImportRequest& request) {
  const int count = request.sessions_size();
  if (count < 1 || count > kImportsMax) {
    return call->refuse(absl::InvalidArgumentError("a request imports 1 to 100 sessions"));
  }
  const auto imports =
      std::make_shared<Imports>(call, count, [this, caller = std::move(caller), count](int made) {
        audit_.write(caller, "import " + counted(count, "session"), absl::OkStatus(),
                     std::to_string(made) + " made");
      });
  for (int i = 0; i < count; ++i) {
    import_one(request.sessions(i), timeout_of(request.timeout_ms(), kImportTimeout),
               [imports, i](const absl::Status& status) { imports->note(i, status); });
  }
}

void Administration::import_one(const v1::ExportedSession& exported, Duration timeout,
                                absl::AnyInvocable<void(absl::Status) &&> done) {
  const auto id = SessionId::parse(exported.id());
  if (!id.ok()) return std::move(done)(id.status());
  const absl::StatusOr<NewSession> session = new_session(exported);
  if (!session.ok()) return std::move(done)(session.status());
  host_.call(creation_of(exported.id(), *session), timeout,
             [done = std::move(done)](node::Finished finished) mutable {
               std::move(done)(std::move(finished.result.status));
             });
}

}  // namespace sojourn::admin
