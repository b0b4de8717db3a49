#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sojourn/store.h>
#include <sojourn/view.h>

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string_view>

namespace gatehouse {

// Whether a member of that name has nobody to hand its sessions over to: no other member stays that
// can hold any.
bool nobody_stays(const sojourn::View& view, std::string_view name);

// Hands over this member's sessions, so that the process may end: drains the store for a bounded
// time, and for no longer than somebody stays to take them. Logs what could not be handed over.
//
// One call runs after the other, on the executor's threads. The store must outlive it; it keeps
// itself until `done` was called.
class Departure : public std::enable_shared_from_this<Departure> {
 public:
  using Done = absl::AnyInvocable<void() &&>;

  static void begin(sojourn::Store& store, asio::any_io_executor executor,
                    std::chrono::milliseconds timeout, Done done);

 private:
  using Clock = std::chrono::steady_clock;

  Departure(sojourn::Store& store, asio::any_io_executor executor, Clock::time_point end, Done done)
      : store_(store), executor_(std::move(executor)), end_(end), done_(std::move(done)) {}

  void drain();
  void finish(const absl::Status& drained);

  sojourn::Store& store_;
  const asio::any_io_executor executor_;
  const Clock::time_point end_;
  Done done_;
};

}  // namespace gatehouse
