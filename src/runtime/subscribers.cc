#include "runtime/subscribers.h"

#include <algorithm>
#include <asio/post.hpp>
#include <mutex>
#include <utility>

#include "runtime/events.h"

namespace sojourn::runtime {
namespace {

// How many events one turn on the executor delivers, before others have theirs.
constexpr int kEventsPerTurn = 64;

}  // namespace

// One subscription.

Subscriber::Subscriber(std::shared_ptr<Subscribers> subscribers, asio::any_io_executor executor,
                       Handler handler, SubscribeOptions options)
    : subscribers_(std::move(subscribers)),
      executor_(std::move(executor)),
      queue_max_(std::max<std::size_t>(options.queue_max, 1)),
      handler_(std::move(handler)) {}

void Subscriber::push(const std::shared_ptr<Delivery>& delivery) {
  bool kept = false;
  bool begin = false;
  {
    MutexLock lock(mutex_);
    if (!closed_) {
      if (queue_.size() >= queue_max_) drop_recalled();
      kept = queue_.size() < queue_max_;
      if (kept) {
        queue_.push_back({.delivery = delivery});
      } else {
        if (queue_.back().delivery) queue_.emplace_back();
        ++queue_.back().missed;
        ++missed_;
        subscribers_->count_missed(1);
      }
      begin = !held_ && !std::exchange(turning_, true);
    }
  }
  if (!kept) subscribers_->done(*delivery);
  if (begin) post_turn();
}

// They are offered again, here or elsewhere.
void Subscriber::drop_recalled() {
  std::erase_if(queue_, [this](const Waiting& waiting) {
    return waiting.delivery &&
           subscribers_->permission(*waiting.delivery) == Subscribers::Permission::kDrop;
  });
}

void Subscriber::resume() {
  {
    MutexLock lock(mutex_);
    if (closed_ || !std::exchange(held_, false)) return;
    turning_ = true;
  }
  post_turn();
}

void Subscriber::close() {
  std::deque<Waiting> rest;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    rest = std::exchange(queue_, {});
  }
  for (const Waiting& waiting : rest) {
    if (waiting.delivery) subscribers_->done(*waiting.delivery);
  }
}

void Subscriber::end() {
  subscribers_->remove(this);
  close();
  {
    std::unique_lock lock(mutex_.native());
    if (running_ == std::this_thread::get_id()) {
      ended_within_ = true;
      return;
    }
    idle_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !running_; });
  }
  handler_ = nullptr;
}

std::size_t Subscriber::waiting() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

void Subscriber::post_turn() {
  asio::post(executor_, [self = shared_from_this()] { self->turn(); });
}

void Subscriber::turn() {
  for (int i = 0; i < kEventsPerTurn; ++i) {
    const std::optional<Waiting> waiting = next();
    if (!waiting) return;
    call(*waiting);
  }
  post_turn();
}

// What is to be delivered now. Without anything, the turn is over.
std::optional<Subscriber::Waiting> Subscriber::next() {
  MutexLock lock(mutex_);
  while (!closed_ && !queue_.empty()) {
    if (const auto& delivery = queue_.front().delivery) {
      const auto permission = subscribers_->permission(*delivery);
      if (permission == Subscribers::Permission::kDrop) {
        queue_.pop_front();
        continue;
      }
      if (permission == Subscribers::Permission::kWait) {
        held_ = true;
        subscribers_->hold();
        break;
      }
    }
    Waiting waiting = std::move(queue_.front());
    queue_.pop_front();
    running_ = std::this_thread::get_id();
    return waiting;
  }
  turning_ = false;
  return std::nullopt;
}

void Subscriber::call(const Waiting& waiting) {
  // Exceptions of the handler pass through the executor, which may go on: so does the subscription.
  struct Call {
    Subscriber& subscriber;
    const Waiting& waiting;
    bool returned = false;

    ~Call() {
      subscriber.called(waiting);
      if (!returned) subscriber.post_turn();
    }
  } call{*this, waiting};
  if (waiting.delivery) {
    const Event& event = waiting.delivery->event;
    if (event.kind == EventKind::kMissed) {
      missed_ += event.missed;
      subscribers_->count_missed(event.missed);
    }
    handler_(event);
  } else {
    handler_({.kind = EventKind::kMissed, .missed = waiting.missed});
  }
  call.returned = true;
}

void Subscriber::called(const Waiting& waiting) {
  bool ended_within = false;
  {
    MutexLock lock(mutex_);
    running_.reset();
    ended_within = ended_within_;
  }
  idle_.notify_all();
  if (waiting.delivery) {
    subscribers_->count_delivered();
    subscribers_->done(*waiting.delivery);
  }
  if (ended_within) handler_ = nullptr;
}

// All of them.

std::shared_ptr<Subscriber> Subscribers::add(asio::any_io_executor executor,
                                             Subscriber::Handler handler,
                                             SubscribeOptions options) {
  auto subscriber = std::make_shared<Subscriber>(shared_from_this(), std::move(executor),
                                                 std::move(handler), options);
  MutexLock lock(mutex_);
  if (closed_) {
    subscriber->close();
  } else {
    subscribers_.push_back(subscriber);
    wake();
  }
  return subscriber;
}

void Subscribers::remove(const Subscriber* subscriber) {
  MutexLock lock(mutex_);
  std::erase_if(subscribers_, [&](const auto& one) { return one.get() == subscriber; });
  wake();
}

void Subscribers::close() {
  std::vector<std::shared_ptr<Subscriber>> all;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    all = std::exchange(subscribers_, {});
  }
  for (const auto& subscriber : all) subscriber->close();
}

void Subscribers::wake() {
  if (closed_ || woken_.exchange(true)) return;
  hooks_.wake();
}

void Subscribers::offer(const node::Event& event) {
  const std::vector<std::shared_ptr<Subscriber>> subscribers = all();
  const auto* offered = std::get_if<replication::Plane::Offered>(&event);
  for (Event& told : events_of(event)) {
    auto delivery = std::make_shared<Delivery>();
    if (offered) delivery->offered = *offered;
    delivery->event = std::move(told);
    // One more, so that it is not done before all have it.
    delivery->left = subscribers.size() + 1;
    for (const auto& subscriber : subscribers) subscriber->push(delivery);
    done(*delivery);
  }
}

std::vector<std::pair<SegmentId, Version>> Subscribers::take_delivered() {
  MutexLock lock(mutex_);
  woken_ = false;
  return std::exchange(delivered_, {});
}

bool Subscribers::any() const {
  MutexLock lock(mutex_);
  return !subscribers_.empty();
}

void Subscribers::resume() {
  holding_ = false;
  for (const auto& subscriber : all()) subscriber->resume();
}

Subscribers::Permission Subscribers::permission(const Delivery& delivery) const {
  return delivery.offered ? hooks_.permission(*delivery.offered) : Permission::kDeliver;
}

void Subscribers::done(Delivery& delivery) {
  if (delivery.left.fetch_sub(1) > 1 || !delivery.offered) return;
  MutexLock lock(mutex_);
  delivered_.emplace_back(delivery.offered->segment, delivery.offered->event.number);
  wake();
}

std::size_t Subscribers::waiting() const {
  std::size_t waiting = 0;
  for (const auto& subscriber : all()) waiting += subscriber->waiting();
  return waiting;
}

std::vector<std::shared_ptr<Subscriber>> Subscribers::all() const {
  MutexLock lock(mutex_);
  return subscribers_;
}

}  // namespace sojourn::runtime
