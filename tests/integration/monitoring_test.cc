// What operators see of stores: counters, the gRPC health service, and traces.

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <sojourn/v1/health.pb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/cluster.h"
#include "sojourn/cookie.h"
#include "support/catch.h"
#include "support/comes_true.h"
#include "support/recording_tracer.h"

namespace sojourn {
namespace {

using support::comes_true;

using namespace std::chrono_literals;

template <typename Enum, typename Values>
auto& at(Values& values, Enum which) {
  return values[static_cast<std::size_t>(which)];
}

auto within(std::chrono::milliseconds time) { return std::chrono::system_clock::now() + time; }

grpc::ByteBuffer request_for(const std::string& service) {
  v1::HealthCheckRequest request;
  request.set_service(service);
  const grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// What Check answers about that service of the member.
struct Checked {
  grpc::Status status = {};
  v1::HealthCheckResponse response = {};
};
Checked check(const MemberOptions& member, const std::string& service) {
  const auto channel = grpc::CreateChannel(member.address, grpc::InsecureChannelCredentials());
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(within(10s));
  context.set_wait_for_ready(true);
  grpc::CompletionQueue queue;
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request_for(service), &queue);
  Checked checked;
  grpc::ByteBuffer answer;
  void* tag = nullptr;
  bool ok = false;
  call->StartCall();
  call->Finish(&answer, &checked.status, nullptr);
  queue.Next(&tag, &ok);
  grpc::Slice bytes;
  if (checked.status.ok() && answer.DumpToSingleSlice(&bytes).ok()) {
    checked.response.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return checked;
}

// A channel that gRPC itself calls ready only while it hears, by Watch, that the service is.
std::shared_ptr<grpc::Channel> watching_channel(const MemberOptions& member,
                                                const std::string& service) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(R"({"loadBalancingConfig": [{"round_robin": {}}],
                                     "healthCheckConfig": {"serviceName": ")" +
                                 service + R"("}})");
  return grpc::CreateCustomChannel("ipv4:" + member.address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

TEST_CASE("a member says by gRPC's health service how it is", "[integration][monitoring]") {
  Cluster cluster(1);
  const MemberOptions& member = cluster.members()[0];

  for (const char* service : {"", "sojourn.started", "sojourn.live", "sojourn.ready"}) {
    CAPTURE(service);
    const Checked checked = check(member, service);
    CHECK(checked.status.ok());
    CHECK(checked.response.status() == v1::HealthCheckResponse::SERVING);
  }
  CHECK(check(member, "another").status.error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("a member that waits for others is alive, and neither started nor ready",
          "[integration][monitoring]") {
  const auto members = loopback_members(2);
  auto store = SyncStore::open(options_of(members, 0));
  REQUIRE(store.ok());

  CHECK(check(members[0], "sojourn.live").response.status() == v1::HealthCheckResponse::SERVING);
  for (const char* service : {"", "sojourn.started", "sojourn.ready", "sojourn.safe"}) {
    CAPTURE(service);
    CHECK(check(members[0], service).response.status() == v1::HealthCheckResponse::NOT_SERVING);
  }
  const Health health = store->store().health();
  CHECK(health.live);
  CHECK(health.live_reason == "live");
  CHECK_FALSE(health.started);
  CHECK(health.started_reason == health.reason);
  CHECK(health.safe_reason == health.reason);
  CHECK(comes_true([&] { return store->store().health().unready_for > 0ms; }));
}

TEST_CASE("gRPC's own health checking follows a member", "[integration][monitoring]") {
  const auto members = loopback_members(2);
  auto first = SyncStore::open(options_of(members, 0));
  REQUIRE(first.ok());
  const auto channel = watching_channel(members[0], "sojourn.ready");
  const auto other = watching_channel(members[0], "sojourn.live");
  REQUIRE(other->WaitForConnected(within(10s)));
  CHECK(channel->GetState(true) != GRPC_CHANNEL_READY);

  auto second = SyncStore::open(options_of(members, 1));
  REQUIRE(second.ok());

  CHECK(channel->WaitForConnected(within(30s)));
}

TEST_CASE("calls are counted by what they are and how they end", "[integration][monitoring]") {
  Cluster cluster(2);
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  // One in eight is measured.
  for (int i = 0; i < 8; ++i) REQUIRE(cluster[1].get(made->id(), kPatientRead).ok());
  REQUIRE(cluster[0].get(made->id(), kPatientRead).ok());
  REQUIRE(cluster[1].revoke(made->id(), kPatient).ok());
  REQUIRE_FALSE(cluster[1].get(made->id(), kPatientRead).ok());

  const Metrics here = cluster[0].store().metrics();
  CHECK(at(here.writes, WriteVerb::kCreate).of(Outcome::kOk) == 1);
  CHECK(at(here.writes, WriteVerb::kCreate).latencies.count() == 1);
  CHECK(at(here.reads, Place::kLocal).of(Outcome::kOk) == 1);
  CHECK(here.reads_local_hit == 1);
  const Metrics there = cluster[1].store().metrics();
  CHECK(at(there.reads, Place::kRemote).of(Outcome::kOk) == 8);
  CHECK(at(there.reads, Place::kRemote).of(Outcome::kNotFound) == 1);
  CHECK(at(there.reads, Place::kRemote).latencies.count() > 0);
  CHECK(at(there.reads, Place::kRemote).latencies.sum > 0ns);
  CHECK(at(there.writes, WriteVerb::kRevoke).of(Outcome::kOk) == 1);
  REQUIRE(there.peer_queues.size() == 1);
  CHECK(there.peer_queues[0].peer == "auth-0");
}

TEST_CASE("a route is a hit at the owner and a miss elsewhere", "[integration][monitoring]") {
  Cluster cluster(2);
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  const auto codec = CookieCodec::make({});
  REQUIRE(codec.ok());
  const auto cookie = [&](const std::string& route) {
    return CookieCandidate{.id = made->id(), .route = route};
  };
  Store& owner = cluster[0].store();
  Store& other = cluster[1].store();

  CHECK(owner.note_route(cookie("auth-0")) == Sticky::kHit);
  CHECK(other.note_route(cookie("auth-0")) == Sticky::kMiss);
  CHECK(other.note_route(cookie("auth-1")) == Sticky::kMiss);
  CHECK(other.note_route(cookie("")) == Sticky::kNone);
  CHECK(other.note_route(cookie("auth-9")) == Sticky::kUnknown);
  const std::array<std::string_view, 1> headers = {"__Host-sid=two.dots.here"};
  other.note_rejected(codec->find(headers));

  const Metrics of_owner = owner.metrics();
  CHECK(at(of_owner.sticky, Sticky::kHit) == 1);
  const Metrics metrics = other.metrics();
  CHECK(at(metrics.sticky, Sticky::kMiss) == 2);
  CHECK(at(metrics.sticky, Sticky::kNone) == 1);
  CHECK(at(metrics.sticky, Sticky::kUnknown) == 1);
  CHECK(metrics.routes_stale == 1);
  CHECK(at(metrics.cookies_rejected, CookieFault::kMalformed) == 1);
}

TEST_CASE("sessions that are copied to a new member are counted in bytes",
          "[integration][monitoring]") {
  const auto members = loopback_members(3);
  std::vector<SyncStore> stores;
  const auto open = [&](std::size_t self) {
    StoreOptions options = options_of(members, self);
    options.bootstrap_expect = 2;
    auto store = SyncStore::open(options);
    REQUIRE(store.ok());
    stores.push_back(*std::move(store));
  };
  open(0);
  open(1);
  REQUIRE(stores[0].wait_ready(30s).ok());
  for (int i = 0; i < 60; ++i) {
    REQUIRE(
        stores[0].create(NewSession("ana").with("data", std::string(1000, 'x')), kPatient).ok());
  }

  open(2);
  REQUIRE(stores[2].wait_ready(30s).ok());
  REQUIRE(comes_true([&] { return stores[2].store().health().safe; }));

  const Metrics metrics = stores[2].store().metrics();
  CHECK(metrics.sessions_active > 0);
  CHECK(metrics.transfer_bytes_received > 1000 * metrics.sessions_active);
  CHECK(stores[0].store().metrics().transfer_bytes_sent +
            stores[1].store().metrics().transfer_bytes_sent >=
        metrics.transfer_bytes_received);
  CHECK(comes_true([&] { return stores[2].store().metrics().segments_backup > 0; }));
}

TEST_CASE("the span of a remote call is the parent of its owner's", "[integration][monitoring]") {
  std::vector<std::shared_ptr<RecordingTracer>> tracers;
  Cluster cluster(2, [&](StoreOptions& options) {
    tracers.push_back(std::make_shared<RecordingTracer>());
    options.tracer = tracers.back();
  });
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  const TraceContext request =
      *TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  tracers[1]->set_current(request);

  REQUIRE(cluster[1].get(made->id(), kPatientRead).ok());

  const auto named = [](const RecordingTracer& tracer, const std::string& name) {
    const auto spans = tracer.spans();
    const auto found = std::find_if(spans.begin(), spans.end(),
                                    [&](const auto& span) { return span.name == name; });
    return found == spans.end() ? RecordingTracer::Recorded() : *found;
  };
  const auto call = named(*tracers[1], "sojourn.get");
  CHECK(call.kind == SpanKind::kClient);
  CHECK(call.parent == request);
  CHECK(call.ended);
  CHECK(call.attributes.at("sojourn.owner") == "auth-0");
  CHECK(comes_true([&] { return named(*tracers[0], "sojourn.serve get").ended; }));
  const auto serve = named(*tracers[0], "sojourn.serve get");
  CHECK(serve.kind == SpanKind::kServer);
  CHECK(serve.parent == call.context);
  CHECK(serve.context.trace_id == request.trace_id);

  // A local read is no span.
  const std::size_t before = tracers[0]->spans().size();
  REQUIRE(cluster[0].get(made->id(), kPatientRead).ok());
  CHECK(tracers[0]->spans().size() == before);
}

TEST_CASE("a failover shows in the spans of calls and of who takes over",
          "[integration][monitoring]") {
  std::vector<std::shared_ptr<RecordingTracer>> tracers;
  Cluster cluster(3, [&](StoreOptions& options) {
    tracers.push_back(std::make_shared<RecordingTracer>());
    options.tracer = tracers.back();
  });
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  REQUIRE(comes_true([&] { return cluster[1].store().health().safe; }));

  cluster.close(0);
  REQUIRE(cluster[1].get(made->id(), kPatientRead).ok());
  REQUIRE(cluster[2].get(made->id(), kPatientRead).ok());

  const auto count = [&](auto condition) {
    std::size_t found = 0;
    for (std::size_t i = 1; i < tracers.size(); ++i) {
      const auto spans = tracers[i]->spans();
      found += static_cast<std::size_t>(std::count_if(spans.begin(), spans.end(), condition));
    }
    return found;
  };
  CHECK(count([](const auto& span) {
          return span.name == "sojourn.get" && span.attributes.contains("sojourn.owners");
        }) > 0);
  CHECK(count([](const auto& span) {
          return span.name == "sojourn.takeover" && span.attributes.contains("sojourn.epoch");
        }) > 0);
}

}  // namespace sojourn
