#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <asio/io_context.hpp>
#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

namespace sojourn::transport {

// Which stages of health this member has reached: see sojourn/health.h.
struct Stages {
  bool started = false;
  bool live = false;
  bool ready = false;
  bool safe = false;
};

// The stage that a service's name stands for: "sojourn.started", "sojourn.live", "sojourn.ready"
// and "sojourn.safe", and "" for ready, since it asks for the server as a whole. Nothing for any
// other name.
std::optional<bool> stage_of(const Stages& stages, std::string_view service);

// The gRPC health service (grpc.health.v1) of a member, on the address where the others reach it.
//
// Made on gRPC's threads, its calls then live on those of `context`, which must run until the
// server has stopped.
class HealthService {
 public:
  static constexpr char kCheckMethod[] = "/grpc.health.v1.Health/Check";
  static constexpr char kWatchMethod[] = "/grpc.health.v1.Health/Watch";

  // `stages` is called on the context's threads, and must not block.
  HealthService(asio::io_context& context, std::function<Stages()> stages)
      : context_(context), stages_(std::move(stages)) {}

  // Answers one call of that method; null if it is none of ours.
  grpc::ServerGenericBidiReactor* answer(std::string_view method);

 private:
  class Call;

  asio::io_context& context_;
  const std::function<Stages()> stages_;
  // Calls under way.
  std::atomic<int> calls_{0};
};

}  // namespace sojourn::transport
