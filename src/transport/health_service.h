#pragma once

#include <asio/io_context.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "transport/service.h"

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
// Its calls live on the threads of `context`, which must run until the listener has stopped.
class HealthService final : public Service {
 public:
  static constexpr char kCheckMethod[] = "/grpc.health.v1.Health/Check";
  static constexpr char kWatchMethod[] = "/grpc.health.v1.Health/Watch";

  // `stages` is called on the context's threads, and must not block. Unset: there is no such
  // service.
  HealthService(asio::io_context& context, std::function<Stages()> stages)
      : context_(context), stages_(std::move(stages)) {}

  bool has(std::string_view method) const override;
  void answer(std::unique_ptr<ServerCall> call) override;

 private:
  class Call;

  asio::io_context& context_;
  const std::function<Stages()> stages_;
  // Calls under way.
  std::atomic<int> calls_{0};
};

}  // namespace sojourn::transport
