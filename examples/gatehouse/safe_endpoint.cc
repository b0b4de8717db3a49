#include "gatehouse/safe_endpoint.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/http/form.h"

namespace gatehouse {
namespace {

constexpr std::chrono::milliseconds kLookEvery(100);

class Wait : public std::enable_shared_from_this<Wait> {
 public:
  Wait(ExchangePtr exchange, std::chrono::seconds wait, std::function<sojourn::Health()> health,
       std::function<bool()> is_stopping)
      : exchange_(std::move(exchange)),
        end_(std::chrono::steady_clock::now() + wait),
        health_(std::move(health)),
        is_stopping_(std::move(is_stopping)),
        timer_(exchange_->executor()) {}

  void look() {
    const sojourn::Health health = health_();
    // Who has left holds nothing that others miss.
    if (health.safe || health.left) return exchange_->answer(Response::text(200, "safe\n"));
    if (is_stopping_() || std::chrono::steady_clock::now() >= end_) {
      return exchange_->answer(Response::text(503, "not safe: " + health.safe_reason + "\n"));
    }
    timer_.expires_after(kLookEvery);
    timer_.async_wait([self = shared_from_this()](asio::error_code error) {
      if (!error) self->look();
    });
  }

 private:
  const ExchangePtr exchange_;
  const std::chrono::steady_clock::time_point end_;
  const std::function<sojourn::Health()> health_;
  const std::function<bool()> is_stopping_;
  asio::steady_timer timer_;
};

}  // namespace

void answer_when_safe(const ExchangePtr& exchange, std::chrono::seconds wait,
                      std::function<sojourn::Health()> health, std::function<bool()> is_stopping) {
  std::make_shared<Wait>(exchange, wait, std::move(health), std::move(is_stopping))->look();
}

std::chrono::seconds safe_wait_of(std::string_view query) {
  const Form form = Form::parse(query);
  const std::string_view text = form.get("wait");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::chrono::seconds(0);
  return std::min(std::chrono::seconds(seconds), kSafeWaitMax);
}

}  // namespace gatehouse
