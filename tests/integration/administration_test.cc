// Administration over real sockets: who may, and what comes of it.

#include <grpcpp/client_context.h>
#include <sojourn/v1/admin.grpc.pb.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "cluster.h"
#include "support/certificates.h"
#include "transport/channel.h"
#include "transport/security.h"

namespace sojourn {
namespace {

using Stub = v1::Administration::Stub;

// What the store wrote into its audit log and its log.
struct Lines {
  Mutex mutex;
  std::vector<std::string> audit ABSL_GUARDED_BY(mutex);
  std::vector<std::string> log ABSL_GUARDED_BY(mutex);

  bool audit_has(const std::string& words) { return has(audit, words); }
  bool log_has(const std::string& words) { return has(log, words); }
  bool has(const std::vector<std::string>& lines,
           const std::string& words) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex);
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }
};

void write_to(StoreOptions& options, const std::shared_ptr<Lines>& lines) {
  options.audit = std::make_shared<AuditSink>([lines](const AuditRecord& record) {
    MutexLock lock(lines->mutex);
    lines->audit.push_back(std::string(record.caller) + ": " + std::string(record.change) + ": " +
                           std::string(record.outcome));
  });
  options.log = std::make_shared<LogSink>([lines](const LogRecord& record) {
    MutexLock lock(lines->mutex);
    lines->log.emplace_back(record.message);
  });
}

std::unique_ptr<Stub> stub_for(const StoreOptions& caller, const std::string& address) {
  return v1::Administration::NewStub(transport::make_channel(
      address, transport::Credentials(caller).client_of_any(caller.cluster)));
}

template <typename Request, typename Reply>
grpc::Status call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                  const Request& request, Reply& reply) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return (stub.*method)(&context, request, &reply);
}

// A cluster of one that talks in plain text, with an administrator on the same machine.
struct Alone {
  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  Cluster cluster{1, [this](StoreOptions& options) { write_to(options, lines); }};
  SyncStore& store = cluster[0];
  std::unique_ptr<Stub> stub =
      stub_for(options_of(cluster.members(), 0), cluster.members()[0].address);

  template <typename Request, typename Reply>
  grpc::Status call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                    const Request& request, Reply& reply) {
    return sojourn::call(*stub, method, request, reply);
  }
};

// Within some seconds.
template <typename Condition>
bool is_so_soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TEST_CASE("whoever shows the certificate of an administrator may administer", "[administration]") {
  const support::Certificates certificates("sojourn", {"auth-0", "ops", "guest"});
  const auto lines = std::make_shared<Lines>();
  Cluster cluster(1, [&](StoreOptions& options) {
    options.insecure = false;
    options = certificates.secure(options, "auth-0");
    options.administrators = {"ops.sojourn"};
    write_to(options, lines);
  });
  StoreOptions caller = options_of(cluster.members(), 0);
  caller.insecure = false;
  const std::string& address = cluster.members()[0].address;
  const auto ops = stub_for(certificates.secure(caller, "ops"), address);
  const auto guest = stub_for(certificates.secure(caller, "guest"), address);
  const auto member = stub_for(certificates.secure(caller, "auth-0"), address);
  v1::RevokeRequest ana;
  ana.set_subject("ana");

  REQUIRE(cluster[0].create(NewSession("ana"), kPatient).ok());
  v1::RevokeReply reply;
  const grpc::Status of_guest = call(*guest, &Stub::Revoke, ana, reply);
  const grpc::Status of_member = call(*member, &Stub::Revoke, ana, reply);
  const auto count_before = cluster[0].count("ana", kPatientRead);
  const grpc::Status of_ops = call(*ops, &Stub::Revoke, ana, reply);

  CHECK(of_guest.error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(of_guest.error_message().find("guest.sojourn") != std::string::npos);
  CHECK(of_member.error_code() == grpc::StatusCode::PERMISSION_DENIED);
  CHECK(count_before.value() == 1);
  CHECK(of_ops.ok());
  CHECK(reply.ended() == 1);
  CHECK(lines->log_has("guest.sojourn"));
  CHECK(lines->audit_has("ops.sojourn at 127.0.0.1"));
  CHECK(lines->audit_has("revoke all sessions of subject 'ana': 1 session ended"));
  CHECK_FALSE(lines->audit_has("guest"));
}

TEST_CASE("who may not administer may not watch either", "[administration]") {
  const support::Certificates certificates("sojourn", {"auth-0", "guest"});
  Cluster cluster(1, [&](StoreOptions& options) {
    options.insecure = false;
    options = certificates.secure(options, "auth-0");
  });
  StoreOptions caller = options_of(cluster.members(), 0);
  caller.insecure = false;
  const auto guest = stub_for(certificates.secure(caller, "guest"), cluster.members()[0].address);

  grpc::ClientContext context;
  const auto reader = guest->Watch(&context, {});
  v1::Snapshot snapshot;

  CHECK_FALSE(reader->Read(&snapshot));
  CHECK(reader->Finish().error_code() == grpc::StatusCode::PERMISSION_DENIED);
}

TEST_CASE("a status tells who the members are and what each holds", "[administration]") {
  Alone alone;
  REQUIRE(alone.store.create(NewSession("ana"), kPatient).ok());

  v1::Snapshot snapshot;
  REQUIRE(alone.call(&Stub::Status, v1::StatusRequest(), snapshot).ok());

  CHECK(snapshot.name() == "auth-0");
  CHECK(snapshot.health().ready());
  REQUIRE(snapshot.members_size() == 1);
  CHECK(snapshot.members(0).connected());
  CHECK(snapshot.members(0).segments_primary() == 64);
  CHECK(snapshot.members(0).segments_held() == 64);
  CHECK(snapshot.metrics().at("sessions_active") == 1);
}

TEST_CASE("an owner is told with the reasons for it", "[administration]") {
  Alone alone;
  const auto session = alone.store.create(NewSession("ana"), kPatient);
  REQUIRE(session.ok());
  v1::OwnerRequest request;
  request.set_id(std::string(session->id().text()));

  v1::OwnerReply reply;
  REQUIRE(alone.call(&Stub::Owner, request, reply).ok());
  request.set_id("no id, for it has blanks");
  const grpc::Status refused = alone.call(&Stub::Owner, request, reply);

  CHECK(reply.owner() == "auth-0");
  CHECK(reply.ideal(0) == "auth-0");
  CHECK(reply.base(0) == "auth-0");
  CHECK(refused.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("sessions are listed page by page, with their ids only for who asks for them",
          "[administration]") {
  Alone alone;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(alone.store.create(NewSession("ana").labelled("client", "shop"), kPatient).ok());
  }
  v1::SessionsRequest request;
  request.set_subject("ana");
  request.set_limit(2);

  v1::SessionsReply first;
  REQUIRE(alone.call(&Stub::Sessions, request, first).ok());
  request.set_after(first.next());
  v1::SessionsReply second;
  REQUIRE(alone.call(&Stub::Sessions, request, second).ok());
  const bool written_before = alone.lines->audit_has("ids");
  request.clear_after();
  request.mutable_label()->set_name("client");
  request.mutable_label()->set_value("shop");
  request.set_with_ids(true);
  v1::SessionsReply with_ids;
  REQUIRE(alone.call(&Stub::Sessions, request, with_ids).ok());

  CHECK(first.sessions_size() == 2);
  CHECK(first.sessions(0).id().empty());
  CHECK(first.sessions(0).handle().size() == 12);
  CHECK(first.sessions(0).owner() == "auth-0");
  CHECK(first.sessions(0).labels(0).value() == "shop");
  CHECK(second.sessions_size() == 1);
  CHECK(second.next().empty());
  CHECK_FALSE(written_before);
  CHECK(with_ids.sessions(0).id().size() == 32);
  CHECK(alone.lines->audit_has("list the ids of the sessions of label 'client=shop'"));
}

TEST_CASE("a session is revoked by its id, which no log has", "[administration]") {
  Alone alone;
  const auto session = alone.store.create(NewSession("ana"), kPatient);
  REQUIRE(session.ok());
  const std::string id(session->id().text());
  v1::RevokeRequest request;
  request.set_id(id);

  v1::RevokeReply reply;
  REQUIRE(alone.call(&Stub::Revoke, request, reply).ok());

  CHECK(absl::IsNotFound(alone.store.get(session->id(), kPatientRead).status()));
  CHECK(alone.lines->audit_has("somebody on this machine"));
  CHECK(alone.lines->audit_has("revoke session " + session->id().redacted() + ": done"));
  CHECK_FALSE(alone.lines->audit_has(id));
  CHECK_FALSE(alone.lines->log_has(id));
}

TEST_CASE("a member that is drained by an administrator leaves", "[administration]") {
  Cluster cluster(2);
  const auto stub = stub_for(options_of(cluster.members(), 0), cluster.members()[1].address);
  v1::DrainRequest request;
  request.set_timeout_ms(20000);

  v1::DrainReply reply;
  const grpc::Status drained = call(*stub, &Stub::Drain, request, reply);

  CHECK(drained.ok());
  CHECK(cluster[1].store().health().left);
  // The other one hears of it soon after.
  CHECK(is_so_soon([&] { return cluster[0].store().view()->members.size() == 1; }));
}

TEST_CASE("who recovers a cluster that lost nobody is told so", "[administration]") {
  Alone alone;

  v1::RecoverReply reply;
  const grpc::Status refused = alone.call(&Stub::Recover, v1::RecoverRequest(), reply);

  CHECK(refused.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(alone.lines->audit_has("recover with the members that are here: FAILED_PRECONDITION"));
}

TEST_CASE("a watcher sees one snapshot after the other until the store is closed",
          "[administration]") {
  auto alone = std::make_unique<Alone>();
  v1::WatchRequest request;
  request.set_interval_ms(100);
  grpc::ClientContext context;
  const auto reader = alone->stub->Watch(&context, request);

  v1::Snapshot first;
  v1::Snapshot second;
  REQUIRE(reader->Read(&first));
  REQUIRE(alone->store.create(NewSession("ana"), kPatient).ok());
  while (second.metrics().count("sessions_active") == 0 ||
         second.metrics().at("sessions_active") == 0) {
    REQUIRE(reader->Read(&second));
  }
  alone->cluster.close(0);

  while (reader->Read(&second)) {
  }
  CHECK_FALSE(reader->Finish().ok());
  CHECK(first.metrics().at("sessions_active") == 0);
}

TEST_CASE("copies of a segment have one digest", "[administration]") {
  Cluster cluster(2);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(cluster[i % 2].create(NewSession("ana"), kPatient).ok());
  }
  v1::DigestsRequest request;
  request.set_last_segment(63);
  request.set_with_entries(true);

  std::vector<v1::DigestsReply> replies(2);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto stub = stub_for(options_of(cluster.members(), 0), cluster.members()[i].address);
    REQUIRE(call(*stub, &Stub::Digests, request, replies[i]).ok());
  }

  std::uint64_t records = 0;
  REQUIRE(replies[0].digests_size() == 64);
  REQUIRE(replies[1].digests_size() == 64);
  for (int i = 0; i < 64; ++i) {
    CHECK(replies[0].digests(i).digest() == replies[1].digests(i).digest());
    CHECK(replies[0].digests(i).primary() != replies[1].digests(i).primary());
    records += replies[0].digests(i).records();
  }
  CHECK(records == 20);
  CHECK(replies[0].next_segment() == 64);
}

TEST_CASE("exported sessions are imported with their contents, and never over others",
          "[administration]") {
  Alone from;
  Alone to;
  const auto session = from.store.create(
      NewSession("ana")
          .with("role", "admin")
          .labelled("client", "shop")
          .lasting({.idle = std::chrono::minutes(5), .absolute = std::chrono::hours(2)}),
      kPatient);
  REQUIRE(session.ok());
  const auto login = from.store.create(NewSession().in_tab("t1").with("step", "2"), kPatient);
  REQUIRE(login.ok());

  v1::ExportReply exported;
  REQUIRE(from.call(&Stub::Export, v1::ExportRequest(), exported).ok());
  v1::ImportRequest request;
  *request.mutable_sessions() = exported.sessions();
  v1::ImportReply first;
  REQUIRE(to.call(&Stub::Import, request, first).ok());
  v1::ImportReply again;
  REQUIRE(to.call(&Stub::Import, request, again).ok());

  CHECK(exported.next_segment() == 64);
  REQUIRE(first.outcomes_size() == 2);
  CHECK(first.outcomes(0).code() == 0);
  CHECK(first.outcomes(1).code() == 0);
  CHECK(again.outcomes(0).code() == grpc::StatusCode::ABORTED);
  const auto there = to.store.get(session->id(), kPatientRead);
  REQUIRE(there.ok());
  CHECK(there->subject() == "ana");
  CHECK(there->attribute("role") == "admin");
  CHECK(there->labels() == session->labels());
  CHECK(there->lifetime().idle == std::chrono::minutes(5));
  CHECK(there->expires_at() <= session->expires_at() + std::chrono::seconds(2));
  CHECK(there->lifetime().absolute <= std::chrono::hours(2));
  const auto login_there = to.store.get(login->id(), kPatientRead);
  REQUIRE(login_there.ok());
  CHECK(login_there->phase() == Phase::kLogin);
  CHECK(login_there->tab("t1")->attribute("step") == "2");
  CHECK(from.lines->audit_has("export sessions from segment 0 on: 2 sessions told"));
  CHECK(to.lines->audit_has("import 2 sessions: 2 made"));
  CHECK(to.lines->audit_has("import 2 sessions: 0 made"));
}

}  // namespace
}  // namespace sojourn
