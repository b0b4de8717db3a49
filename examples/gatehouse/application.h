#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/store.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/console/console.h"
#include "gatehouse/http/server.h"
#include "gatehouse/portal/services.h"
#include "gatehouse/router.h"
#include "gatehouse/service_manager.h"

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
  // Where operators are served; empty if nowhere.
  std::vector<asio::ip::tcp::endpoint> operator_endpoints() const;

  // Says "not ready" at once and goes on serving for the configured delay, so that balancers turn
  // away. After that, within the configured grace period, it takes no new connections, lets
  // requests under way finish, and hands over the sessions to the other members. Operators are
  // served until the end. `done` is called then, and the io_context runs out of work.
  void stop(absl::AnyInvocable<void() &&> done);

 private:
  Application(asio::io_context& io, Config config);

  absl::Status open();
  absl::StatusOr<Server> listen(const std::vector<std::string>& addresses, const Router& router);
  void add_routes();
  void add_health_routes(Router& router);
  void add_portal_routes();
  ExchangePtr with_transport_security(const ExchangePtr& exchange) const;
  void add_verify_routes(const RouteConfig& route);
  void serve(const Router& router, const ExchangePtr& exchange);
  sojourn::Health health() const;
  void watch_health();
  void tell_health();
  void leave(absl::AnyInvocable<void() &&> done);

  asio::io_context& io_;
  const Config config_;
  ServiceManager service_manager_;
  const PortalConfig* portal_ = nullptr;  // in config_
  Counters counters_;
  Users users_;
  std::optional<CookieCodecs> cookies_;
  std::optional<sojourn::Store> store_;
  sojourn::Subscription events_;
  std::optional<Sessions> sessions_;
  std::optional<Console> console_;
  std::optional<Services> services_;
  Router router_;
  Router operator_router_;
  std::optional<Server> server_;
  std::optional<Server> operator_server_;
  asio::steady_timer stop_timer_;
  asio::steady_timer health_timer_;
  std::optional<bool> was_ready_;
  std::atomic<std::chrono::steady_clock::time_point> last_ready_ = {};
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> has_left_ = false;
  // Last, so that its threads end before anything they may touch.
  PasswordChecker passwords_;
};

}  // namespace gatehouse
