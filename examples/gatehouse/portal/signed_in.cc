#include "gatehouse/portal/signed_in.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/redirect_rules.h"
#include "gatehouse/portal/renewal.h"

namespace gatehouse {
namespace {

Response not_signed_in(const Services& services, const Request& request,
                       const FoundSession& found) {
  if (wants_json(request)) {
    const nlohmann::json json = {
        {"error", true}, {"message", "Not signed in"}, {"authenticated", false}};
    return Response::json(401, json.dump() + "\n")
        .set("WWW-Authenticate", "Cookie realm=\"gatehouse\"");
  }
  // Who comes with a cookie had a session, and may wonder where it is.
  const bool had_session = !found.ids.empty() && !found.is_login();
  std::string query = had_session ? "?reason=session_ended" : "";
  if (const auto page = own_page(request.target, services.base.portal); page && request.is_read()) {
    query += (query.empty() ? "?" : "&") + ("redirect_url=" + percent_encode(*page));
  }
  return Response::redirect(302, services.path("login") + query);
}

}  // namespace

void with_signed_in(Services& services, const ExchangePtr& exchange, bool touch,
                    ServeSignedIn serve) {
  services.sessions.find(
      exchange, sojourn::Phase::kActive, touch,
      [&services, exchange, serve = std::move(serve)](FoundSession found) mutable {
        const Request& request = exchange->request();
        if (found.is_unknown()) {
          return exchange->answer(unavailable_answer(services, request, found.session.status()));
        }
        if (!found.is_active()) return exchange->answer(not_signed_in(services, request, found));
        // Only browsers are certain to take a new cookie.
        if (!request.is_read() || wants_json(request)) return std::move(serve)(std::move(found));
        renew_if_due(services, exchange, std::move(found), std::move(serve));
      });
}

void with_signed_in_form(Services& services, const ExchangePtr& exchange, ServeSignedIn serve) {
  if (!comes_from_own_page(exchange->request(), services.config.trusted_proxies)) {
    return exchange->answer(refused_form_answer(services, exchange->request()));
  }
  with_signed_in(services, exchange, /*touch=*/true,
                 [&services, exchange, serve = std::move(serve)](FoundSession found) mutable {
                   const Request& request = exchange->request();
                   const Form form = Form::parse(request.body);
                   if (!csrf_token_matches(*found.session, form.get("csrf_token"))) {
                     return exchange->answer(refused_form_answer(services, request));
                   }
                   std::move(serve)(std::move(found));
                 });
}

}  // namespace gatehouse
