#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sojourn/store.h>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <chrono>
#include <memory>

#include "gatehouse/http/server.h"

namespace gatehouse {

// The end of a gatehouse: first it takes no more requests and finishes those under way, then it
// hands over its sessions. In this order, because a member that has left can answer nothing: what
// it accepted it must answer before.
//
// Requests that take longer than half of the time do not keep the sessions from being handed over;
// they are answered meanwhile if they can be, and broken off at the end of the time.
//
// Safe to begin from any thread; runs on a strand of the executor. Server and store must outlive
// it; it keeps itself until `done` was called.
class Departure : public std::enable_shared_from_this<Departure> {
 public:
  using Done = absl::AnyInvocable<void() &&>;

  static void begin(Server& server, sojourn::Store& store, asio::any_io_executor executor,
                    std::chrono::milliseconds grace, Done done);

 private:
  using Clock = std::chrono::steady_clock;

  Departure(Server& server, sojourn::Store& store, asio::any_io_executor executor,
            std::chrono::milliseconds grace, Done done);

  void finish_requests();
  void hand_over();
  void finish();

  Server& server_;
  sojourn::Store& store_;
  const asio::strand<asio::any_io_executor> strand_;
  asio::steady_timer timer_;
  const std::chrono::milliseconds grace_;
  const Clock::time_point end_;
  Done done_;
  bool is_handing_over_ = false;
  bool requests_finished_ = false;
  bool handed_over_ = false;
};

}  // namespace gatehouse
