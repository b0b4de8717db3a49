#include "gatehouse/departure.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <string>
#include <utility>

#include "gatehouse/log.h"

namespace gatehouse {

using sojourn::LogLevel;

Departure::Departure(Server& server, sojourn::Store& store, asio::any_io_executor executor,
                     std::chrono::milliseconds grace, Done done)
    : server_(server),
      store_(store),
      strand_(std::move(executor)),
      timer_(strand_),
      grace_(grace),
      end_(Clock::now() + grace),
      done_(std::move(done)) {}

void Departure::begin(Server& server, sojourn::Store& store, asio::any_io_executor executor,
                      std::chrono::milliseconds grace, Done done) {
  std::shared_ptr<Departure> departure(
      new Departure(server, store, std::move(executor), grace, std::move(done)));
  asio::dispatch(departure->strand_, [departure] { departure->finish_requests(); });
}

void Departure::finish_requests() {
  server_.stop(grace_, [self = shared_from_this()] {
    asio::dispatch(self->strand_, [self] {
      self->requests_finished_ = true;
      self->hand_over();
      self->finish();
    });
  });
  timer_.expires_after(grace_ / 2);
  timer_.async_wait([self = shared_from_this()](asio::error_code error) {
    if (!error) self->hand_over();
  });
}

void Departure::hand_over() {
  if (std::exchange(is_handing_over_, true)) return;
  timer_.cancel();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now());
  store_.async_drain(
      {.timeout = std::max(left, std::chrono::milliseconds(0))},
      asio::bind_executor(strand_, [self = shared_from_this()](const absl::Status& drained) {
        if (drained.ok()) {
          log_line(LogLevel::kInfo, "everything is handed over");
        } else {
          log_line(LogLevel::kWarning, "not handed over: " + std::string(drained.message()));
        }
        self->handed_over_ = true;
        self->finish();
      }));
}

void Departure::finish() {
  if (requests_finished_ && handed_over_ && done_) std::move(std::exchange(done_, nullptr))();
}

}  // namespace gatehouse
