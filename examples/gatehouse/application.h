#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/cookie.h>
#include <sojourn/store.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/http/server.h"
#include "gatehouse/portal/services.h"
#include "gatehouse/router.h"

namespace gatehouse {

// The users of all identity stores that a portal enables. kInvalidArgument or kNotFound says which
// file or user is at fault.
absl::StatusOr<Users> load_users(const Config& config, const PortalConfig& portal);

// One auth server, put together from its configuration: the store, the pages, the HTTP server.
//
// Made and destroyed while no thread runs the io_context; stop() is safe from any thread.
class Application {
 public:
  // Opens the store and listens. The configuration must have been read without problems.
  static absl::StatusOr<std::unique_ptr<Application>> start(asio::io_context& io, Config config);

  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Where HTTP is served.
  std::vector<asio::ip::tcp::endpoint> endpoints() const { return server_->endpoints(); }

  // Says "not ready" at once and goes on serving: first for the configured delay, so that balancers
  // turn away, then until the sessions are handed over to the other members. After that it takes no
  // new connections and lets requests under way finish, all within the configured grace period.
  // `done` is called at the end; then the io_context runs out of work.
  void stop(absl::AnyInvocable<void() &&> done);

 private:
  Application(asio::io_context& io, Config config);

  absl::Status open();
  void add_routes();
  void add_portal_routes();
  void add_verify_routes(const RouteConfig& route);
  void serve(const ExchangePtr& exchange);
  sojourn::Health health() const;
  void watch_health();
  void leave(absl::AnyInvocable<void() &&> done);

  asio::io_context& io_;
  const Config config_;
  const PortalConfig* portal_ = nullptr;  // in config_
  Counters counters_;
  Users users_;
  std::optional<sojourn::CookieCodec> cookies_;
  std::optional<sojourn::Store> store_;
  std::optional<Sessions> sessions_;
  std::optional<Services> services_;
  Router router_;
  std::optional<Server> server_;
  asio::steady_timer stop_timer_;
  asio::steady_timer health_timer_;
  std::optional<bool> was_ready_;
  std::atomic<std::chrono::steady_clock::time_point> last_ready_ = {};
  std::atomic<bool> is_stopping_ = false;
  // Last, so that its threads end before anything they may touch.
  PasswordChecker passwords_;
};

}  // namespace gatehouse
