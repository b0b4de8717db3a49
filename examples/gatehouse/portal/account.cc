#include "gatehouse/portal/account.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/readable_time.h"
#include "gatehouse/portal/signed_in.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {
namespace {

using sojourn::Session;

std::int64_t unix_seconds(Session::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Facts session_facts(const Services& services, const Session& session) {
  return {{"Answered by", std::string(services.store.name())},
          {"Held by", services.store.owner_of(session.id())},
          {"Since", readable_time(session.created_at())},
          {"Ends", readable_time(session.expires_at()) + ", later if you stay active"}};
}

Response whoami_html(const Services& services, const Session& session) {
  const Identity identity = identity_of(session);
  const WhoamiPage page = {.about_user = {{"User name", identity.user},
                                          {"Name", identity.name},
                                          {"Email", identity.email},
                                          {"Roles", joined(identity.roles, ", ")}},
                           .about_session = session_facts(services, session)};
  return page_response(services.base, 200, whoami_page(services.base, page));
}

Response whoami_json(const Services& services, const Session& session, bool is_probe) {
  const Identity identity = identity_of(session);
  nlohmann::json json = {{"sub", identity.user},
                         {"name", identity.name},
                         {"email", identity.email},
                         {"realm", identity.realm},
                         {"roles", identity.roles},
                         {"iat", unix_seconds(session.created_at())},
                         {"exp", unix_seconds(session.expires_at())},
                         {"answered_by", services.store.name()},
                         {"held_by", services.store.owner_of(session.id())}};
  if (is_probe) {
    const auto left = session.expires_at() - std::chrono::system_clock::now();
    json["authenticated"] = true;
    json["expires_in"] = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  }
  return Response::json(200, json.dump() + "\n");
}

// Answers with what `show` makes of the visitor's session, if they have signed in.
template <typename Show>
void show_signed_in(Services& services, const ExchangePtr& exchange, bool touch, Show show) {
  with_signed_in(services, exchange, touch, [&services, exchange, show](FoundSession found) {
    Response response = show(exchange->request(), *found.session);
    services.sessions.refresh_cookie(response, found);
    exchange->answer(std::move(response));
  });
}

}  // namespace

void show_portal(Services& services, const ExchangePtr& exchange) {
  show_signed_in(services, exchange, true, [&services](const Request&, const Session& session) {
    const Identity identity = identity_of(session);
    PortalPage page = {.name = identity.display_name(),
                       .csrf_token = attribute_of(session, kCsrfToken),
                       .about_session = session_facts(services, session),
                       .is_admin = is_admin(services.portal, identity),
                       .has_console = services.portal.console};
    for (const LinkConfig& link : services.portal.links)
      page.links.emplace_back(link.title, link.url);
    return page_response(services.base, 200, portal_page(services.base, page));
  });
}

void show_whoami(Services& services, const ExchangePtr& exchange) {
  const Form query = Form::parse(exchange->request().query);
  const bool is_probe = query.get("probe") == "true";
  show_signed_in(services, exchange, !is_probe,
                 [&services, is_probe](const Request& request, const Session& session) {
                   return is_probe || wants_json(request) ? whoami_json(services, session, is_probe)
                                                          : whoami_html(services, session);
                 });
}

void show_logout(Services& services, const ExchangePtr& exchange) {
  show_signed_in(
      services, exchange, true, [&services](const Request& request, const Session& session) {
        const Form query = Form::parse(request.query);
        const auto redirect =
            trusted_redirect(query.get("redirect_uri"), services.portal.logout_redirects);
        const LogoutPage page = {.name = identity_of(session).display_name(),
                                 .csrf_token = attribute_of(session, kCsrfToken),
                                 .redirect_uri = redirect.value_or("")};
        return page_response(services.base, 200, logout_page(services.base, page),
                             page.redirect_uri);
      });
}

void show_not_found(Services& services, const ExchangePtr& exchange) {
  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/false,
      [&services, exchange](const FoundSession& found) {
        exchange->answer(message_answer(services, exchange->request(), 404,
                                        {.title = "Page not found",
                                         .text = "There is nothing at this address.",
                                         .link_title = "To the portal",
                                         .link_url = services.path("portal"),
                                         .offers_sign_out = found.is_active()}));
      });
}

}  // namespace gatehouse
