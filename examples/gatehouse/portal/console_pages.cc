#include "gatehouse/portal/console_pages.h"

#include <chrono>
#include <memory>
#include <utility>

#include "gatehouse/console/console.h"
#include "gatehouse/console/watcher.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/readable_time.h"
#include "gatehouse/portal/signed_in.h"
#include "gatehouse/web/console_page.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {
namespace {

void begin_stream(Services& services, const ExchangePtr& exchange,
                  const sojourn::SessionId& session) {
  std::shared_ptr<void> place = services.console->take_place();
  if (!place) {
    Response full = Response::text(503, "Too many look on already.\n");
    full.set("Retry-After", "5");
    return exchange->answer(std::move(full));
  }
  Response response = Response::stream(
      "text/event-stream", [&services, executor = exchange->executor(), session,
                            place = std::move(place)](std::shared_ptr<BodyStream> stream) {
        services.console->add(std::make_shared<ConsoleWatcher>(services, session, executor,
                                                               std::move(stream), place));
      });
  response.set("Cache-Control", "no-store");
  // For nginx, which would wait for more.
  response.set("X-Accel-Buffering", "no");
  exchange->answer(std::move(response));
}

}  // namespace

void show_console(Services& services, const ExchangePtr& exchange) {
  with_signed_in(services, exchange, /*touch=*/true, [&services, exchange](FoundSession found) {
    if (!is_admin(services.portal, identity_of(*found.session))) {
      return exchange->answer(admins_only_answer(services, exchange->request()));
    }
    Response response = live_page_response(
        services.base, console_page(services.base, services.console->look(),
                                    readable_time(std::chrono::system_clock::now())));
    services.sessions.refresh_cookie(response, found);
    exchange->answer(std::move(response));
  });
}

void watch_console(Services& services, const ExchangePtr& exchange) {
  if (!comes_from_own_page(exchange->request(), services.config.trusted_proxies)) {
    return exchange->answer(Response::text(403, "Not from another site.\n"));
  }
  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/false,
      [&services, exchange](const FoundSession& found) {
        if (found.is_unknown()) {
          return exchange->answer(
              unavailable_answer(services, exchange->request(), found.session.status()));
        }
        if (!found.is_active()) {
          return exchange->answer(Response::text(401, "Not signed in.\n"));
        }
        if (!is_admin(services.portal, identity_of(*found.session))) {
          return exchange->answer(Response::text(403, "Only for administrators.\n"));
        }
        begin_stream(services, exchange, found.session->id());
      });
}

}  // namespace gatehouse
