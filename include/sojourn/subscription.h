#pragma once

#include <sojourn/export.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sojourn {

namespace runtime {
class Subscriber;
}

struct SubscribeOptions {
  // How many events may wait for the handler, at least 1. What comes beyond is missed, and counted.
  std::size_t queue_max = 4096;
};

// Events are delivered for as long as it lives: see Store::subscribe. Safe from any thread, but for
// moving and destroying it.
class SOJOURN_EXPORT Subscription {
 public:
  // Of nothing.
  Subscription() noexcept;
  Subscription(Subscription&&) noexcept;
  // Ends what it was the subscription of, as the destructor does.
  Subscription& operator=(Subscription&&) noexcept;

  // Ends it. Once it has returned, the handler is not running, will not be called any more, and is
  // destroyed. If the handler runs on another thread, waits for it: so not with anything held that
  // the handler waits for. Within the handler itself it does not wait; that call is the last.
  ~Subscription();

  // How many events it has missed so far. Each gap was, or will be, delivered as kMissed in its
  // place among the others.
  std::uint64_t missed() const;
  // How many are waiting for the handler.
  std::size_t waiting() const;

 private:
  friend class Store;
  explicit Subscription(std::shared_ptr<runtime::Subscriber> subscriber);
  void end();

  std::shared_ptr<runtime::Subscriber> subscriber_;
};

}  // namespace sojourn
