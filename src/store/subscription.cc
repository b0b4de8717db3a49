#include "sojourn/subscription.h"

#include <utility>

#include "runtime/subscribers.h"

namespace sojourn {

Subscription::Subscription() noexcept = default;
Subscription::Subscription(std::shared_ptr<runtime::Subscriber> subscriber)
    : subscriber_(std::move(subscriber)) {}
Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    end();
    subscriber_ = std::move(other.subscriber_);
  }
  return *this;
}

Subscription::~Subscription() { end(); }

void Subscription::end() {
  // Taken first: within the handler, which may hold this, there is no second end.
  if (const auto subscriber = std::exchange(subscriber_, nullptr)) subscriber->end();
}

std::uint64_t Subscription::missed() const { return subscriber_ ? subscriber_->missed() : 0; }

std::size_t Subscription::waiting() const { return subscriber_ ? subscriber_->waiting() : 0; }

}  // namespace sojourn
