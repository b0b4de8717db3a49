#include "gatehouse/application.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/dispatch.hpp>
#include <chrono>
#include <utility>

#include "gatehouse/departure.h"
#include "gatehouse/log.h"
#include "gatehouse/metrics.h"
#include "gatehouse/operators.h"
#include "gatehouse/portal/account.h"
#include "gatehouse/portal/administration.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/console_pages.h"
#include "gatehouse/portal/endings.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/json_login.h"
#include "gatehouse/portal/login_step.h"
#include "gatehouse/portal/own_sessions.h"
#include "gatehouse/portal/password_step.h"
#include "gatehouse/safe_endpoint.h"
#include "gatehouse/status.h"
#include "gatehouse/users/users_json.h"
#include "gatehouse/verify/verify_endpoint.h"
#include "gatehouse/web/assets.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {

absl::StatusOr<Users> load_users(const Config& config, const PortalConfig& portal) {
  Users users;
  for (const std::string& name : portal.identity_stores) {
    const IdentityStoreConfig& store = *config.find_identity_store(name);
    for (const User& user : store.users) {
      if (!users.add(user)) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "portal %s: two identity stores have a user '%s'", portal.name, user.name));
      }
    }
    if (store.path.empty()) continue;
    auto from_file = load_users_json(store.path);
    if (!from_file.ok()) return from_file.status();
    for (User& user : *from_file) {
      user.realm = store.realm;
      users.add(std::move(user));  // users of the configuration win over those of the file
    }
  }
  return users;
}

Application::Application(asio::io_context& io, Config config)
    : io_(io),
      config_(std::move(config)),
      service_manager_(ServiceManager::from_environment()),
      stop_timer_(io),
      health_timer_(io) {}

Application::~Application() = default;

absl::StatusOr<std::unique_ptr<Application>> Application::start(asio::io_context& io,
                                                                Config config) {
  std::unique_ptr<Application> application(new Application(io, std::move(config)));
  if (absl::Status status = application->open(); !status.ok()) return status;
  return application;
}

absl::Status Application::open() {
  const auto route = std::ranges::find_if(
      config_.routes, [](const RouteConfig& each) { return !each.portal.empty(); });
  if (route == config_.routes.end()) return absl::InvalidArgumentError("no route has a portal");
  portal_ = config_.find_portal(route->portal);

  auto users = load_users(config_, *portal_);
  if (!users.ok()) return users.status();
  users_ = *std::move(users);

  auto cookies = CookieCodecs::make(config_, *portal_);
  if (!cookies.ok()) return cookies.status();
  cookies_.emplace(*std::move(cookies));

  // Before the store joins its cluster: a port that is taken should not disturb the others.
  auto server = listen(config_.listen, router_);
  if (!server.ok()) return server.status();
  if (!config_.admin.empty()) {
    auto operator_server = listen({config_.admin}, operator_router_);
    if (!operator_server.ok()) return operator_server.status();
    operator_server_.emplace(*std::move(operator_server));
  }

  sojourn::StoreOptions options = config_.store;
  options.log = std::make_shared<sojourn::LogSink>(
      [](const sojourn::LogRecord& record) { log_line(record.level, record.message); });
  auto store = sojourn::Store::open(io_.get_executor(), std::move(options));
  if (!store.ok()) return store.status();
  store_.emplace(*std::move(store));
  // Before anything can happen that should be told.
  events_ = store_->subscribe([](const sojourn::Event& event) {
    if (const auto line = line_of(event)) log_line(line->level, line->text);
  });

  sessions_.emplace(*store_, *cookies_, counters_, config_);
  if (portal_->console) console_.emplace(io_.get_executor(), config_, *store_);
  services_.emplace(Services{config_,
                             *portal_,
                             {route->prefix},
                             *store_,
                             *sessions_,
                             users_,
                             passwords_,
                             counters_,
                             console_ ? &*console_ : nullptr});
  add_routes();
  server_.emplace(*std::move(server));
  server_->start();
  if (operator_server_) operator_server_->start();
  watch_health();
  if (console_) console_->start();
  return absl::OkStatus();
}

absl::StatusOr<Server> Application::listen(const std::vector<std::string>& addresses,
                                           const Router& router) {
  return Server::listen(io_.get_executor(), addresses, {.is_serial = config_.threads == 1},
                        [this, &router](const ExchangePtr& exchange) { serve(router, exchange); });
}

std::vector<asio::ip::tcp::endpoint> Application::operator_endpoints() const {
  if (!operator_server_) return {};
  return operator_server_->endpoints();
}

void Application::add_health_routes(Router& router) {
  router.add("GET", "/healthz", [this](const ExchangePtr& exchange) {
    const sojourn::Health health = store_->health();
    // Who stops closes the store, and is still alive.
    exchange->answer(stage_answer(health.live || is_stopping_, "alive", health.live_reason));
  });
  router.add("GET", "/startupz", [this](const ExchangePtr& exchange) {
    const sojourn::Health health = store_->health();
    exchange->answer(stage_answer(health.started, "started", health.started_reason));
  });
  router.add("GET", "/readyz", [this](const ExchangePtr& exchange) {
    exchange->answer(readiness_answer(health(), is_stopping_, store_->metrics()));
  });
  router.add("GET", "/safe", [this](const ExchangePtr& exchange) {
    if (!is_internal(exchange->request(), config_.trusted_proxies)) {
      return exchange->answer(Response::text(403, "Only for this machine and trusted proxies.\n"));
    }
    answer_when_safe(
        exchange, safe_wait_of(exchange->request().query), [this] { return store_->health(); },
        [this] { return is_stopping_.load(); });
  });
  router.add("GET", "/metrics", [this](const ExchangePtr& exchange) {
    if (!is_internal(exchange->request(), config_.trusted_proxies)) {
      return exchange->answer(Response::text(403, "Only for this machine and trusted proxies.\n"));
    }
    exchange->answer(metrics_answer(*store_));
  });
  router.add("GET", "/status", [this](const ExchangePtr& exchange) {
    if (!is_internal(exchange->request(), config_.trusted_proxies)) {
      return exchange->answer(Response::text(403, "Only for this machine and trusted proxies.\n"));
    }
    exchange->answer(
        status_answer(store_->name(), health(), is_stopping_, store_->metrics(), counters_));
  });
}

void Application::add_routes() {
  add_health_routes(operator_router_);
  add_operator_routes(operator_router_, *store_);
  add_health_routes(router_);
  add_portal_routes();
  for (const RouteConfig& route : config_.routes) {
    if (!route.policy.empty()) add_verify_routes(route);
  }
  router_.set_not_found([this](const ExchangePtr& exchange) {
    show_not_found(*services_, with_transport_security(exchange));
  });
}

void Application::add_portal_routes() {
  using Endpoint = void (*)(Services&, const ExchangePtr&);
  const auto add = [this](std::string_view method, std::string_view name, Endpoint endpoint) {
    router_.add(method, services_->path(name), [this, endpoint](const ExchangePtr& exchange) {
      endpoint(*services_, with_transport_security(exchange));
    });
  };
  add("GET", "login", show_login);
  add("POST", "login", [](Services& services, const ExchangePtr& exchange) {
    has_json_body(exchange->request()) ? handle_json_login(services, exchange)
                                       : begin_login(services, exchange);
  });
  add("GET", "password", show_password);
  add("POST", "password", try_password);
  add("GET", "portal", show_portal);
  add("GET", "whoami", show_whoami);
  add("GET", "logout", show_logout);
  add("POST", "logout", log_out);
  add("GET", "sessions", show_sessions);
  add("POST", "sessions", change_sessions);
  add("GET", "admin", show_administration);
  add("POST", "admin", administrate);
  if (console_) {
    add("GET", "console", show_console);
    add("GET", "console/events", watch_console);
    add("GET", "assets/console.js", [](Services&, const ExchangePtr& exchange) {
      exchange->answer(asset_response("text/javascript; charset=utf-8", console_js()));
    });
  }
  add("GET", "assets/style.css", [](Services&, const ExchangePtr& exchange) {
    exchange->answer(asset_response("text/css; charset=utf-8", style_css()));
  });
  add("GET", "assets/logo.svg", [](Services&, const ExchangePtr& exchange) {
    exchange->answer(asset_response("image/svg+xml", logo_svg()));
  });
  for (const std::string& path :
       {std::string("/"), services_->base.portal, services_->base.portal + "/"}) {
    router_.add("GET", path, [this](const ExchangePtr& exchange) {
      with_transport_security(exchange)->answer(Response::redirect(302, services_->path("login")));
    });
  }
}

// Tells browsers that asked by https to do so always, if the portal is to. They ignore it over
// http.
ExchangePtr Application::with_transport_security(const ExchangePtr& exchange) const {
  const auto& duration = portal_->protection.hsts;
  if (!duration || !came_by_https(exchange->request(), config_.trusted_proxies)) return exchange;
  return std::make_shared<Exchange>(exchange->request(), exchange->executor(),
                                    [exchange, seconds = duration->count()](Response response) {
                                      response.set("Strict-Transport-Security",
                                                   absl::StrFormat("max-age=%d", seconds));
                                      exchange->answer(std::move(response));
                                    });
}

void Application::add_verify_routes(const RouteConfig& route) {
  const PolicyConfig& policy = *config_.find_policy(route.policy);
  const auto add = [this, &policy](const std::string& path, VerifyMode mode) {
    router_.add("*", path, [this, &policy, mode](const ExchangePtr& exchange) {
      handle_verify(*services_, policy, mode, exchange);
    });
  };
  add(route.prefix, VerifyMode::kForwardAuth);
  add(route.prefix + "/nginx", VerifyMode::kAuthRequest);
}

void Application::serve(const Router& router, const ExchangePtr& exchange) {
  if (!config_.access_log) return router.handle(exchange);
  const auto started = std::chrono::steady_clock::now();
  const Request& request = exchange->request();
  const auto client = client_address(request, config_.trusted_proxies);
  // Without the query, which may say where somebody was.
  std::string what = absl::StrFormat("%s %s %s", client.to_string(), request.method, request.path);
  auto logged = std::make_shared<Exchange>(
      request, exchange->executor(),
      [exchange, started, what = std::move(what)](Response response) {
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - started;
        log_line(sojourn::LogLevel::kInfo,
                 absl::StrFormat("%s %d %.1fms", what, response.status(), took.count()));
        exchange->answer(std::move(response));
      });
  router.handle(logged);
}

// The store's, but ready still while requests would only wait: whenever the members agree on a new
// view there is a moment in which nobody may answer, and balancers should not turn away for that.
sojourn::Health Application::health() const {
  sojourn::Health health = store_->health();
  const auto last_ready = last_ready_.load();
  if (!health.ready && !health.left && last_ready != std::chrono::steady_clock::time_point() &&
      std::chrono::steady_clock::now() - last_ready < config_.read.timeout) {
    health.ready = true;
    health.reason = "ready";
  }
  return health;
}

// Looks ten times a second, until everything is handed over, on the threads that serve: a service
// manager that hears no more of it takes this program for hung.
void Application::watch_health() {
  if (!is_stopping_) tell_health();
  service_manager_.tell_alive_if_due(std::chrono::steady_clock::now());
  health_timer_.expires_after(std::chrono::milliseconds(100));
  health_timer_.async_wait([this](asio::error_code error) {
    if (!error && !has_left_) watch_health();
  });
}

// Tells the log and the service manager when this server becomes ready, or no longer is, and why.
void Application::tell_health() {
  if (store_->health().ready) last_ready_ = std::chrono::steady_clock::now();
  const sojourn::Health health = this->health();
  if (was_ready_ != health.ready) {
    log_line(sojourn::LogLevel::kInfo, health.ready ? "ready" : "not ready: " + health.reason);
    was_ready_ = health.ready;
    if (health.ready) service_manager_.tell_ready();
  }
  service_manager_.tell_status(health.ready ? "ready" : "not ready: " + health.reason);
}

void Application::stop(absl::AnyInvocable<void() &&> done) {
  if (is_stopping_.exchange(true)) return;
  log_line(sojourn::LogLevel::kInfo, "stopping");
  service_manager_.tell_stopping();
  if (console_) console_->stop();
  server_->wind_down();
  asio::dispatch(io_, [this, done = std::move(done)]() mutable {
    stop_timer_.expires_after(config_.shutdown_delay);
    stop_timer_.async_wait(
        [this, done = std::move(done)](asio::error_code) mutable { leave(std::move(done)); });
  });
}

void Application::leave(absl::AnyInvocable<void() &&> done) {
  Departure::begin(*server_, *store_, io_.get_executor(), config_.grace_period,
                   [this, done = std::move(done)]() mutable {
                     log_line(sojourn::LogLevel::kInfo, "stopped");
                     has_left_ = true;
                     if (!operator_server_) return std::move(done)();
                     // Nothing that takes long is answered there.
                     operator_server_->stop(std::chrono::milliseconds(100), std::move(done));
                   });
}

}  // namespace gatehouse
