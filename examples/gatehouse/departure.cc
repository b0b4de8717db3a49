#include "gatehouse/departure.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <string>
#include <utility>

#include "gatehouse/log.h"

namespace gatehouse {
namespace {

using sojourn::LogLevel;

// How often a departure looks whether anybody still stays: those who leave together learn of it
// from a view that says so.
constexpr auto kLook = std::chrono::milliseconds(100);

}  // namespace

bool nobody_stays(const sojourn::View& view, std::string_view name) {
  return std::ranges::none_of(view.members, [name](const sojourn::Member& member) {
    return member.name != name && !member.leaving && member.capacity > 0;
  });
}

void Departure::begin(sojourn::Store& store, asio::any_io_executor executor,
                      std::chrono::milliseconds timeout, Done done) {
  std::shared_ptr<Departure>(
      new Departure(store, std::move(executor), Clock::now() + timeout, std::move(done)))
      ->drain();
}

void Departure::drain() {
  const auto view = store_.view();
  if (view && !store_.health().left && nobody_stays(*view, store_.name())) {
    const auto metrics = store_.metrics();
    return finish(absl::UnavailableError(
        absl::StrFormat("no other member stays, so %d sessions end with this one",
                        metrics.sessions_active + metrics.sessions_login)));
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now());
  const auto timeout = std::clamp(left, std::chrono::milliseconds(0), kLook);
  store_.async_drain(
      {.timeout = timeout},
      asio::bind_executor(executor_, [self = shared_from_this()](const absl::Status& drained) {
        const bool goes_on = absl::IsDeadlineExceeded(drained) && Clock::now() < self->end_;
        goes_on ? self->drain() : self->finish(drained);
      }));
}

void Departure::finish(const absl::Status& drained) {
  if (drained.ok()) {
    log_line(LogLevel::kInfo, "everything is handed over");
  } else {
    log_line(LogLevel::kWarning, "not handed over: " + std::string(drained.message()));
  }
  std::move(done_)();
}

}  // namespace gatehouse
