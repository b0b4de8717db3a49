#include "runtime/host.h"

#include <asio/post.hpp>
#include <utility>

namespace sojourn::runtime {
namespace {

absl::Status closed() { return absl::CancelledError("the store was closed"); }

void cancel(Host::Completion completion) {
  std::move(completion)({.result = {.status = closed()}});
}

}  // namespace

Host::Host(node::NodeOptions options, std::shared_ptr<LogSink> log)
    : options_(std::move(options)),
      log_(options_.membership.self, std::move(log)),
      incarnation_{random_nonzero()},
      work_(asio::make_work_guard(context_)),
      timer_(context_),
      node_(options_, incarnation_, random_) {}

Host::~Host() { stop(); }

absl::Status Host::start(MakeTransport make_transport) {
  auto transport = std::move(make_transport)(incarnation_, events());
  if (!transport.ok()) return transport.status();
  transport_ = *std::move(transport);
  thread_ = std::thread([this] { run(); });
  return absl::OkStatus();
}

void Host::stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  // First nothing more arrives, then nobody waits any more, then the thread may end.
  if (transport_) transport_->stop();
  if (!thread_.joinable()) return;
  asio::post(context_, [this] { cancel_everything(); });
  work_.reset();
  thread_.join();
}

void Host::run() {
  node_.start(now());
  apply_effects();
  transport_->flush();
  publish();
  arm_timer();
  context_.run();
}

void Host::cancel_everything() {
  cancelled_ = true;
  timer_.cancel();
  for (auto& [number, completion] : std::exchange(completions_, {})) cancel(std::move(completion));
  for (auto& completion : std::exchange(waiting_ready_, {})) std::move(completion)(closed());
}

void Host::call(replication::Operation operation, Duration timeout, Completion completion) {
  {
    // What is posted before stop() runs before the thread ends; nothing is posted after.
    MutexLock lock(mutex_);
    if (!stopped_) {
      asio::post(context_, [this, operation = std::move(operation), timeout,
                            completion = std::move(completion)]() mutable {
        begin(std::move(operation), timeout, std::move(completion));
      });
      return;
    }
  }
  cancel(std::move(completion));
}

void Host::begin(replication::Operation operation, Duration timeout, Completion completion) {
  if (cancelled_) return cancel(std::move(completion));
  const std::uint64_t number = node_.call(now(), std::move(operation), timeout);
  completions_.emplace(number, std::move(completion));
  apply_effects();
  transport_->flush();
  arm_timer();
}

void Host::when_ready(ReadyCompletion completion) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      asio::post(context_, [this, completion = std::move(completion)]() mutable {
        if (cancelled_) return std::move(completion)(closed());
        if (node_.ready()) return std::move(completion)(absl::OkStatus());
        waiting_ready_.push_back(std::move(completion));
      });
      return;
    }
  }
  std::move(completion)(closed());
}

transport::Events Host::events() {
  return {
      .on_frame =
          [this](const std::string& from, wire::Frame frame) {
            asio::post(context_, [this, from, frame = std::move(frame)] { receive(from, frame); });
          },
      .on_up =
          [this](const std::string& peer) {
            log_.write(LogLevel::kInfo, "member " + peer + " is connected");
          },
      .on_down =
          [this](const std::string& peer, const std::string& reason) {
            log_.write(LogLevel::kWarning,
                       "the connection to member " + peer + " ended: " + reason);
          },
      .on_refused = [this](const std::string& reason) { log_.write(LogLevel::kError, reason); },
  };
}

void Host::receive(const std::string& from, const wire::Frame& frame) {
  if (cancelled_) return;
  for (const node::Envelope& envelope : frame.envelopes) {
    node_.receive(now(), from, envelope);
    apply_effects();
  }
  // Once a frame, so that what it caused travels together.
  transport_->flush();
  arm_timer();
}

void Host::tick() {
  armed_for_.reset();
  if (cancelled_) return;
  node_.tick(now());
  apply_effects();
  transport_->flush();
  publish();
  arm_timer();
}

void Host::apply_effects() {
  // What cannot be sent goes back to the node, which may cause more.
  for (node::Effects effects = node_.take_effects(); !effects.empty();
       effects = node_.take_effects()) {
    for (const node::Outgoing& outgoing : effects.outgoing) {
      const absl::Status sent = transport_->send(outgoing.to, outgoing.envelope);
      if (!sent.ok()) {
        node_.undeliverable(now(), outgoing.to, outgoing.envelope.message, sent);
      }
    }
    for (node::Finished& finished : effects.finished) {
      auto completion = completions_.extract(finished.number);
      if (completion) std::move(completion.mapped())(std::move(finished));
    }
    for (const Notice& notice : effects.notices) log_.write(notice);
  }
  if (node_.ready() && !waiting_ready_.empty()) {
    // The view is to be seen by whoever is told of it.
    publish();
    for (auto& completion : std::exchange(waiting_ready_, {})) {
      std::move(completion)(absl::OkStatus());
    }
  }
}

void Host::arm_timer() {
  const std::optional<Time> deadline = node_.next_deadline();
  if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) return;
  armed_for_ = deadline;
  timer_.expires_after(std::max(Duration::zero(), *deadline - now()));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) tick();
  });
}

void Host::publish() {
  const Time time = now();
  Published state = {.view = node_.view(),
                     .placement = node_.placement(),
                     .waiting_for = node_.waiting_for(),
                     .members_connected = node_.connected_count(time),
                     .calls_in_flight = node_.calls_in_flight(),
                     .expired = node_.expired(),
                     .requests_served = node_.requests_served()};
  MutexLock lock(mutex_);
  published_ = std::move(state);
}

std::shared_ptr<const ring::Placement> Host::placement() const {
  MutexLock lock(mutex_);
  return published_.placement;
}

Health Host::health() const {
  MutexLock lock(mutex_);
  return {.live = !stopped_,
          .ready = !stopped_ && published_.view != nullptr,
          .reason = stopped_ ? "the store was closed" : published_.waiting_for};
}

void Host::add_to(Metrics& metrics) const {
  const table::Usage usage = node_.plane().table().usage();
  metrics.sessions_login = usage.login;
  metrics.sessions_active = usage.active;
  metrics.bytes = usage.bytes;
  metrics.bytes_max = options_.plane.memory_bytes;
  metrics.queue_bytes = transport_->queue_bytes();
  metrics.frames_rejected = transport_->frames_rejected();
  MutexLock lock(mutex_);
  metrics.epoch = published_.view ? published_.view->epoch : 0;
  metrics.members = published_.view ? published_.view->members.size() : 0;
  metrics.members_connected = published_.members_connected;
  metrics.calls_in_flight = published_.calls_in_flight;
  metrics.expired = published_.expired;
  metrics.requests_served = published_.requests_served;
}

}  // namespace sojourn::runtime
