#pragma once

#include <absl/functional/any_invocable.h>

#include <asio/any_io_executor.hpp>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "node/node.h"
#include "sojourn/event.h"
#include "sojourn/subscription.h"
#include "sojourn/version.h"

namespace sojourn::runtime {

class Subscribers;

// An event on its way to the subscribers of this process, shared by them.
struct Delivery {
  // Of an event of a session: what allows to deliver it.
  std::optional<replication::Plane::Offered> offered = {};
  Event event = {};
  // Subscribers that have neither had it nor missed it.
  std::atomic<std::size_t> left{0};
};

// One subscription: a handler, its executor, and the events that wait for it. Never holds up who
// brings events: what finds the queue full is missed, and counted in its place.
//
// Safe from any thread. The handler runs on its executor only, one call at a time, and with no lock
// held.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  using Handler = absl::AnyInvocable<void(const Event&)>;

  Subscriber(std::shared_ptr<Subscribers> subscribers, asio::any_io_executor executor,
             Handler handler, SubscribeOptions options);

  void push(const std::shared_ptr<Delivery>& delivery);
  // Goes on, if it waited for this member to have the right to answer.
  void resume();
  // No call of the handler begins any more.
  void close();
  // And none is running, but in this thread, and the handler is destroyed.
  void end() ABSL_NO_THREAD_SAFETY_ANALYSIS;

  std::uint64_t missed() const { return missed_; }
  std::size_t waiting() const;

 private:
  // A delivery, or so many events that are missed.
  struct Waiting {
    std::shared_ptr<Delivery> delivery = {};
    std::uint64_t missed = 0;
  };

  void drop_recalled() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void post_turn();
  void turn();
  std::optional<Waiting> next();
  void call(const Waiting& waiting);
  void called(const Waiting& waiting);

  const std::shared_ptr<Subscribers> subscribers_;
  const asio::any_io_executor executor_;
  const std::size_t queue_max_;
  std::atomic<std::uint64_t> missed_{0};
  // Touched by the thread in which it is running, and by end() when there is none.
  Handler handler_;

  mutable Mutex mutex_;
  std::condition_variable idle_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // A turn is posted or runs.
  bool turning_ ABSL_GUARDED_BY(mutex_) = false;
  // The first event may not be delivered now.
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  // It was ended by its own handler, which destroys itself when it has returned.
  bool ended_within_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread in which the handler is running.
  std::optional<std::thread::id> running_ ABSL_GUARDED_BY(mutex_);
};

// All subscriptions of one store. Safe from any thread, but for what is called in a turn with the
// node.
class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  using Permission = replication::Plane::Permission;

  struct Hooks {
    // Whether an event may be delivered now. From any thread.
    std::function<Permission(const replication::Plane::Offered&)> permission = {};
    // There is something to collect, or whether there are subscribers has changed: the node's
    // thread is to look. From any thread, with a lock held: must only post.
    std::function<void()> wake = {};
  };

  explicit Subscribers(Hooks hooks) : hooks_(std::move(hooks)) {}

  std::shared_ptr<Subscriber> add(asio::any_io_executor executor, Subscriber::Handler handler,
                                  SubscribeOptions options);
  void remove(const Subscriber* subscriber);
  // Ends all; nothing is called any more, no hook either.
  void close();

  // Whether there is something to collect, or whether there are subscribers has changed: so for
  // whoever handles what was caused after add() has returned. From any thread.
  bool is_news() const { return woken_; }

  // In a turn with the node:
  void offer(const node::Event& event);
  // Events that all subscribers have had or missed since the last time.
  std::vector<std::pair<SegmentId, Version>> take_delivered();
  bool any() const;
  // Whether somebody waits for the right to answer; and that it is here.
  bool holding() const { return holding_.load(std::memory_order_relaxed); }
  void resume();

  // For subscribers:
  Permission permission(const Delivery& delivery) const;
  // One has had it, or missed it.
  void done(Delivery& delivery);
  void hold() { holding_.store(true, std::memory_order_relaxed); }
  void count_delivered() { delivered_count_.fetch_add(1, std::memory_order_relaxed); }
  void count_missed(std::uint64_t count) {
    missed_count_.fetch_add(count, std::memory_order_relaxed);
  }

  std::uint64_t delivered_count() const { return delivered_count_; }
  std::uint64_t missed_count() const { return missed_count_; }
  std::size_t waiting() const;

 private:
  std::vector<std::shared_ptr<Subscriber>> all() const;
  void wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Hooks hooks_;
  std::atomic<bool> holding_{false};
  std::atomic<std::uint64_t> delivered_count_{0};
  std::atomic<std::uint64_t> missed_count_{0};

  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<SegmentId, Version>> delivered_ ABSL_GUARDED_BY(mutex_);
  // Changed with the lock held.
  std::atomic<bool> woken_{false};
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::runtime
