#include "transport/health_service.h"

#include <absl/status/status.h>
#include <grpcpp/support/byte_buffer.h>
#include <sojourn/v1/health.pb.h>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "transport/serialized.h"

namespace sojourn::transport {
namespace {

// How often a watched stage is looked at.
constexpr auto kLook = std::chrono::milliseconds(100);
// Probes and balancers are few.
constexpr int kCallsMax = 64;

using Response = v1::HealthCheckResponse;

grpc::ByteBuffer buffer_of(Response::ServingStatus status) {
  Response response;
  response.set_status(status);
  return serialized(response);
}

}  // namespace

std::optional<bool> stage_of(const Stages& stages, std::string_view service) {
  if (service.empty() || service == "sojourn.ready") return stages.ready;
  if (service == "sojourn.started") return stages.started;
  if (service == "sojourn.live") return stages.live;
  if (service == "sojourn.safe") return stages.safe;
  return std::nullopt;
}

// One call. Reactions only post to the context, where everything happens: so nothing is started
// after the call was finished, and no lock is needed. Keeps itself until gRPC is done.
class HealthService::Call final : public ServerStream,
                                  public std::enable_shared_from_this<HealthService::Call> {
 public:
  Call(HealthService& service, std::unique_ptr<ServerCall> call)
      : ServerStream(std::move(call)),
        service_(service),
        is_watch_(context().method() == kWatchMethod),
        timer_(service.context_) {}

  void start() {
    self_ = shared_from_this();
    start_read(&buffer_);
  }

  void on_read(bool ok) override {
    post([this, ok] { requested(ok); });
  }
  void on_written(bool ok) override {
    post([this, ok] {
      is_writing_ = false;
      if (!ok) end(grpc::Status::CANCELLED);
    });
  }
  void on_cancelled() override {
    post([this] { end(grpc::Status::CANCELLED); });
  }
  void on_done() override {
    --service_.calls_;
    asio::post(service_.context_, [self = std::move(self_)] { self->timer_.cancel(); });
  }

 private:
  template <typename Step>
  void post(Step step) {
    asio::post(service_.context_, [self = shared_from_this(), step = std::move(step)] { step(); });
  }

  void requested(bool ok) {
    v1::HealthCheckRequest request;
    if (!ok || !parse(buffer_, request)) {
      return end(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no health check request"));
    }
    name_ = request.service();
    if (is_watch_) return look();
    const Response::ServingStatus status = this->status();
    if (status == Response::SERVICE_UNKNOWN) {
      return end(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such service"));
    }
    if (std::exchange(is_finished_, true)) return;
    write_and_finish(buffer_of(status));
  }

  // Tells the stage if it has changed, and looks again.
  void look() {
    if (is_finished_) return;
    const Response::ServingStatus status = this->status();
    if (!is_writing_ && told_ != status) {
      told_ = status;
      is_writing_ = true;
      buffer_ = buffer_of(status);
      start_write(&buffer_);
    }
    timer_.expires_after(kLook);
    timer_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
      if (!cancelled) self->look();
    });
  }

  Response::ServingStatus status() const {
    const std::optional<bool> reached = stage_of(service_.stages_(), name_);
    if (!reached) return Response::SERVICE_UNKNOWN;
    return *reached ? Response::SERVING : Response::NOT_SERVING;
  }

  void end(const grpc::Status& status) {
    if (std::exchange(is_finished_, true)) return;
    timer_.cancel();
    finish(status);
  }

  HealthService& service_;
  const bool is_watch_;
  std::shared_ptr<Call> self_;
  // The request, then the answer.
  grpc::ByteBuffer buffer_;
  asio::steady_timer timer_;
  std::string name_;
  std::optional<Response::ServingStatus> told_;
  bool is_writing_ = false;
  bool is_finished_ = false;
};

bool HealthService::has(std::string_view method) const {
  return stages_ && (method == kCheckMethod || method == kWatchMethod);
}

void HealthService::answer(std::unique_ptr<ServerCall> call) {
  if (++calls_ > kCallsMax) {
    --calls_;
    return refuse(std::move(call), absl::ResourceExhaustedError("too many health checks"));
  }
  std::make_shared<Call>(*this, std::move(call))->start();
}

}  // namespace sojourn::transport
