#include "transport/health_service.h"

#include <grpcpp/support/byte_buffer.h>
#include <sojourn/v1/health.pb.h>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace sojourn::transport {
namespace {

// How often a watched stage is looked at.
constexpr auto kLook = std::chrono::milliseconds(100);
// Probes and balancers are few.
constexpr int kCallsMax = 64;

using Response = v1::HealthCheckResponse;

std::optional<std::string> service_of(const grpc::ByteBuffer& buffer) {
  grpc::Slice bytes;
  if (!buffer.TrySingleSlice(&bytes).ok() && !buffer.DumpToSingleSlice(&bytes).ok()) {
    return std::nullopt;
  }
  v1::HealthCheckRequest request;
  if (!request.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) return std::nullopt;
  return request.service();
}

grpc::ByteBuffer buffer_of(Response::ServingStatus status) {
  Response response;
  response.set_status(status);
  const grpc::Slice slice(response.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

std::optional<bool> stage_of(const Stages& stages, std::string_view service) {
  if (service.empty() || service == "sojourn.ready") return stages.ready;
  if (service == "sojourn.started") return stages.started;
  if (service == "sojourn.live") return stages.live;
  if (service == "sojourn.safe") return stages.safe;
  return std::nullopt;
}

// One call. gRPC's reactions only post to the context, where everything happens: so nothing is
// started after the call was finished, and no lock is needed. Keeps itself until gRPC is done.
class HealthService::Call final : public grpc::ServerGenericBidiReactor,
                                  public std::enable_shared_from_this<HealthService::Call> {
 public:
  Call(HealthService& service, bool is_watch)
      : service_(service), is_watch_(is_watch), timer_(service.context_) {}

  void start() {
    self_ = shared_from_this();
    StartRead(&buffer_);
  }

  void OnReadDone(bool ok) override {
    post([this, ok] { requested(ok); });
  }
  void OnWriteDone(bool ok) override {
    post([this, ok] {
      is_writing_ = false;
      if (!ok) finish(grpc::Status::CANCELLED);
    });
  }
  void OnCancel() override {
    post([this] { finish(grpc::Status::CANCELLED); });
  }
  void OnDone() override {
    --service_.calls_;
    asio::post(service_.context_, [self = std::move(self_)] { self->timer_.cancel(); });
  }

 private:
  template <typename Step>
  void post(Step step) {
    asio::post(service_.context_, [self = shared_from_this(), step = std::move(step)] { step(); });
  }

  void requested(bool ok) {
    const auto name = ok ? service_of(buffer_) : std::nullopt;
    if (!name) {
      return finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no health check request"));
    }
    name_ = *name;
    if (is_watch_) return look();
    const Response::ServingStatus status = this->status();
    if (status == Response::SERVICE_UNKNOWN) {
      return finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such service"));
    }
    if (std::exchange(is_finished_, true)) return;
    buffer_ = buffer_of(status);
    StartWriteAndFinish(&buffer_, grpc::WriteOptions(), grpc::Status::OK);
  }

  // Tells the stage if it has changed, and looks again.
  void look() {
    if (is_finished_) return;
    const Response::ServingStatus status = this->status();
    if (!is_writing_ && told_ != status) {
      told_ = status;
      is_writing_ = true;
      buffer_ = buffer_of(status);
      StartWrite(&buffer_);
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

  void finish(const grpc::Status& status) {
    if (std::exchange(is_finished_, true)) return;
    timer_.cancel();
    Finish(status);
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

grpc::ServerGenericBidiReactor* HealthService::answer(std::string_view method) {
  class Refusal final : public grpc::ServerGenericBidiReactor {
   public:
    Refusal() { Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many health checks"}); }
    void OnDone() override { delete this; }
  };
  const bool is_watch = method == kWatchMethod;
  if (!stages_ || (!is_watch && method != kCheckMethod)) return nullptr;
  if (++calls_ > kCallsMax) {
    --calls_;
    return new Refusal;
  }
  const auto call = std::make_shared<Call>(*this, is_watch);
  call->start();
  return call.get();
}

}  // namespace sojourn::transport
