// A request that comes to another member than its session's owner, as a trace: two members in one
// process, whose spans are printed as OTLP. The trace is that of the request's `traceparent`.
#include <sojourn/sync_store.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tracing/otlp_tracer.h"

using namespace std::chrono_literals;

// Its members: two ports of this machine, given on the command line or the usual ones.
absl::StatusOr<sojourn::SyncStore> open(const std::string& name,
                                        const std::vector<sojourn::MemberOptions>& members) {
  sojourn::StoreOptions options;
  options.name = name;
  options.members = members;
  options.insecure = true;
  options.tracer = std::make_shared<OtlpTracer>(name, std::cout);
  return sojourn::SyncStore::open(std::move(options));
}

// What a server does with each request.
absl::StatusOr<sojourn::Session> serve(sojourn::SyncStore& store, const sojourn::SessionId& id,
                                       const std::string& traceparent) {
  const auto context = sojourn::TraceContext::parse(traceparent);
  const OtlpTracer::Scope scope(context.value_or(sojourn::TraceContext()));
  return store.get(id, {.timeout = 5s});
}

int main(int argc, char** argv) {
  const std::array<std::string, 2> ports = {argc > 2 ? argv[1] : "7411",
                                            argc > 2 ? argv[2] : "7412"};
  const std::vector<sojourn::MemberOptions> members = {
      {.name = "auth-0", .address = "127.0.0.1:" + ports[0]},
      {.name = "auth-1", .address = "127.0.0.1:" + ports[1]}};
  auto first = open("auth-0", members);
  auto second = open("auth-1", members);
  if (!first.ok() || !second.ok() || !first->wait_ready(30s).ok() ||
      !second->wait_ready(30s).ok()) {
    std::cerr << "the stores do not start\n";
    return EXIT_FAILURE;
  }

  auto session = first->create(sojourn::NewSession("ana"), {.timeout = 5s});
  if (!session.ok()) return EXIT_FAILURE;
  const auto seen =
      serve(*second, session->id(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  return seen.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
