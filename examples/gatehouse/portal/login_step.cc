#include "gatehouse/portal/login_step.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/log.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/new_login.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {
namespace {

LoginPage explained(const Services& services, std::string_view reason) {
  if (reason == "signed_out") return {.notice = "You have signed out."};
  if (reason == "expired") {
    return {.notice = "Your sign-in or session has ended. Please sign in again.",
            .notice_is_bad = true};
  }
  if (reason == "everywhere") return {.notice = "You have signed out everywhere."};
  if (reason == "session_ended") {
    // Ended sessions are not kept, so why this one did is not known.
    const sojourn::SubjectLimit& limit = services.config.store.sessions_per_subject;
    const bool ends_oldest = limit.maximum > 0 && limit.when_full == sojourn::WhenFull::kEndOldest;
    return {.notice = ends_oldest
                          ? absl::StrFormat("Your session has ended: its time was up, it was ended "
                                            "from elsewhere, or you signed in on more than %d "
                                            "devices. Please sign in again.",
                                            limit.maximum)
                          : "Your session has ended: its time was up, or it was ended from "
                            "elsewhere. Please sign in again.",
            .notice_is_bad = true};
  }
  if (reason == "lost") {
    return {.notice = "Your session was lost when servers failed. Please sign in again.",
            .notice_is_bad = true};
  }
  if (reason == "ended") {
    return {.notice = "Too many wrong passwords. Please start again.", .notice_is_bad = true};
  }
  return {};
}

// What the field "redirect_url" or "rd" asks for, if it may be trusted.
std::string wanted_redirect(const Services& services, const Form& form) {
  const auto text = form.find("redirect_url") ? form.get("redirect_url") : form.get("rd");
  return login_target(services, text).value_or("");
}

}  // namespace

void show_login(Services& services, const ExchangePtr& exchange) {
  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/true, [&services, exchange](FoundSession found) {
        const Form query = Form::parse(exchange->request().query);
        const std::string redirect_url = wanted_redirect(services, query);
        if (found.is_active()) {
          auto response = Response::redirect(
              303, redirect_url.empty() ? services.path("portal") : redirect_url);
          services.sessions.refresh_cookie(response, found);
          return exchange->answer(std::move(response));
        }
        // The form can be shown whatever the store says.
        LoginPage page = explained(services, found.was_lost ? "lost" : query.get("reason"));
        page.redirect_url = redirect_url;
        exchange->answer(page_response(services.base, 200, login_page(services.base, page)));
      });
}

void begin_login(Services& services, const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  if (!comes_from_own_page(request, services.config.trusted_proxies)) {
    return exchange->answer(refused_form_answer(services, request));
  }
  const Form form = Form::parse(request.body);
  LoginPage page;
  page.user_name = form.get("username");
  page.redirect_url = wanted_redirect(services, form);
  page.error = claimed_name_problem(page.user_name);
  if (!page.error.empty()) {
    return exchange->answer(page_response(services.base, 400, login_page(services.base, page)));
  }

  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/true,
      [&services, exchange, page = std::move(page)](FoundSession found) {
        if (found.is_active())
          return exchange->answer(Response::redirect(303, services.path("portal")));
        if (found.is_unknown()) {
          return exchange->answer(
              unavailable_answer(services, exchange->request(), found.session.status()));
        }
        auto login = new_login(page.user_name, {}, page.redirect_url);
        services.store.async_create(
            std::move(login), services.config.write,
            asio::bind_executor(exchange->executor(),
                                [&services, exchange](absl::StatusOr<sojourn::Session> session) {
                                  if (!session.ok()) {
                                    return exchange->answer(unavailable_answer(
                                        services, exchange->request(), session.status()));
                                  }
                                  log_login_started(services, exchange->request(), *session);
                                  Response response =
                                      Response::redirect(303, services.path("password"));
                                  services.sessions.set_cookie(response, *session);
                                  exchange->answer(std::move(response));
                                }));
      });
}

}  // namespace gatehouse
