#include "gatehouse/console/watcher.h"

#include <absl/status/statusor.h>
#include <sojourn/session.h>

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <utility>

#include "gatehouse/http/server_sent_event.h"

namespace gatehouse {
namespace {

// How soon browsers come again, how often the session is looked at, and after how long proxies that
// wait for bytes get some.
constexpr std::chrono::milliseconds kRetry(1000);
constexpr std::chrono::seconds kCheckEvery(2);
constexpr std::chrono::seconds kHeartbeatAfter(3);

}  // namespace

ConsoleWatcher::ConsoleWatcher(Services& services, sojourn::SessionId session,
                               asio::any_io_executor executor, std::shared_ptr<BodyStream> stream,
                               std::shared_ptr<void> place)
    : services_(services),
      session_(std::move(session)),
      executor_(std::move(executor)),
      place_(std::move(place)),
      stream_(std::move(stream)) {}

void ConsoleWatcher::show(ConsoleParts parts) {
  asio::dispatch(executor_, [self = shared_from_this(), parts = std::move(parts)] {
    if (!self->stream_->is_open()) {
      self->has_gone_ = true;
      return;
    }
    if (self->stream_->is_idle()) self->send(*parts);
    self->check_session();
  });
}

void ConsoleWatcher::end() {
  // Not dispatch(): may be called with a lock held.
  asio::post(executor_, [self = shared_from_this()] {
    self->has_gone_ = true;
    self->stream_->end();
  });
}

void ConsoleWatcher::send(const std::vector<ConsolePart>& parts) {
  const Clock::time_point now = Clock::now();
  std::string bytes = shown_.empty() ? server_sent_retry(kRetry) : std::string();
  for (const ConsolePart& part : parts) {
    std::string& shown = shown_[part.id];
    if (shown == part.content.html) continue;
    shown = part.content.html;
    bytes += server_sent_event(part.id, shown);
  }
  if (bytes.empty() && now - sent_at_ >= kHeartbeatAfter) bytes = server_sent_heartbeat();
  if (bytes.empty()) return;
  sent_at_ = now;
  stream_->write(std::move(bytes));
}

// Without counting as its use: somebody who only leaves the console open is away.
void ConsoleWatcher::check_session() {
  const Clock::time_point now = Clock::now();
  if (now - checked_at_ < kCheckEvery) return;
  checked_at_ = now;
  services_.store.async_get(
      session_, sojourn::ReadOptions{.timeout = services_.config.read.timeout},
      asio::bind_executor(
          executor_, [self = shared_from_this()](const absl::StatusOr<sojourn::Session>& found) {
            if (found.ok() || !is_gone(found.status())) return;
            self->has_gone_ = true;
            self->stream_->end();
          }));
}

}  // namespace gatehouse
