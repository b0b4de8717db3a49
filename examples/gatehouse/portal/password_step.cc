#include "gatehouse/portal/password_step.h"

#include <string>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/password_attempt.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {
namespace {

Response password_form(const Services& services, const sojourn::Session& login, int status,
                       std::string error, bool remember = false) {
  const PasswordPage page = {.user_name = attribute_of(login, kClaimedUser),
                             .csrf_token = attribute_of(login, kCsrfToken),
                             .redirect_url = attribute_of(login, kRedirectUrl),
                             .offers_remember = services.config.remembers,
                             .remember = remember,
                             .error = std::move(error)};
  return page_response(services.base, status, password_page(services.base, page),
                       attribute_of(login, kRedirectUrl));
}

// A page, not a redirect: the token is for those who sent the password only.
Response full_form(const Services& services, const sojourn::Session& login, bool remember,
                   std::string token) {
  const FullPage page = {.text = kFullText,
                         .user_name = attribute_of(login, kClaimedUser),
                         .csrf_token = attribute_of(login, kCsrfToken),
                         .make_room_token = std::move(token),
                         .remember = remember};
  return page_response(services.base, 403, full_page(services.base, page),
                       attribute_of(login, kRedirectUrl));
}

// What to answer when the visitor is not in the middle of a login; nothing if they are.
std::optional<Response> not_signing_in(const Services& services, const Request& request,
                                       const FoundSession& found) {
  if (found.is_login()) return std::nullopt;
  if (found.is_unknown()) return unavailable_answer(services, request, found.session.status());
  if (found.is_active()) return Response::redirect(303, services.path("portal"));
  return to_login(services, "expired");
}

Response after_attempt(Services& services, const Request& request, const sojourn::Session& login,
                       bool remember, AttemptResult result) {
  switch (result.outcome) {
    case AttemptResult::Outcome::kSignedIn: {
      const auto target = login_target(services, attribute_of(login, kRedirectUrl));
      Response response = Response::redirect(303, target.value_or(services.path("portal")));
      services.sessions.set_cookie(response, *result.session);
      return response;
    }
    case AttemptResult::Outcome::kWrong:
      return password_form(services, login, 401,
                           "This user name and password do not match. Try again.", remember);
    case AttemptResult::Outcome::kLocked:
      return retry_after(password_form(services, login, 429, locked_text(result.wait), remember),
                         result.wait);
    case AttemptResult::Outcome::kFull:
      return full_form(services, login, remember, std::move(result.make_room_token));
    case AttemptResult::Outcome::kEnded: {
      Response response = to_login(services, "ended");
      services.sessions.clear_cookie(response);
      return response;
    }
    // The cookie may be the one that another tab has just received.
    case AttemptResult::Outcome::kGone:
      return to_login(services, "expired");
    case AttemptResult::Outcome::kUnavailable:
      break;
  }
  return unavailable_answer(services, request, result.why);
}

}  // namespace

void show_password(Services& services, const ExchangePtr& exchange) {
  services.sessions.find(exchange, sojourn::Phase::kLogin, /*touch=*/true,
                         [&services, exchange](FoundSession found) {
                           auto response = not_signing_in(services, exchange->request(), found);
                           if (!response) {
                             response = password_form(services, *found.session, 200, {});
                             services.sessions.refresh_cookie(*response, found);
                           }
                           exchange->answer(*std::move(response));
                         });
}

void try_password(Services& services, const ExchangePtr& exchange) {
  if (!comes_from_own_page(exchange->request(), services.config.trusted_proxies)) {
    return exchange->answer(refused_form_answer(services, exchange->request()));
  }
  services.sessions.find(
      exchange, sojourn::Phase::kLogin, /*touch=*/true, [&services, exchange](FoundSession found) {
        const Request& request = exchange->request();
        if (auto response = not_signing_in(services, request, found)) {
          return exchange->answer(*std::move(response));
        }
        const Form form = Form::parse(request.body);
        const sojourn::Session& login = *found.session;
        if (!csrf_token_matches(login, form.get("csrf_token"))) {
          return exchange->answer(refused_form_answer(services, request));
        }
        const bool remember = form.get("remember") == "on";
        auto done = [&services, exchange, login, remember](AttemptResult result) {
          exchange->answer(
              after_attempt(services, exchange->request(), login, remember, std::move(result)));
        };
        if (const auto token = form.find("make_room")) {
          if (make_room_token_matches(login, *token)) {
            return make_room(services, exchange, login, remember, std::move(done));
          }
          return exchange->answer(refused_form_answer(services, request));
        }
        PasswordAnswer answer = {.password = std::string(form.get("password")),
                                 .remember = remember};
        if (answer.password.empty()) {
          return exchange->answer(
              password_form(services, login, 400, "Enter your password.", remember));
        }
        attempt_password(services, exchange, login, std::move(answer), std::move(done));
      });
}

}  // namespace gatehouse
