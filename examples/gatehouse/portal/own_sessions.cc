#include "gatehouse/portal/own_sessions.h"

#include <absl/strings/str_format.h>

#include <asio/bind_executor.hpp>
#include <string>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/confirmation.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"
#include "gatehouse/portal/session_list.h"
#include "gatehouse/portal/signed_in.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {
namespace {

using sojourn::Session;

Response back_to_list(const Services& services, std::string_view done) {
  return Response::redirect(303, services.path("sessions") + "?done=" + std::string(done));
}

std::string explained(std::string_view done) {
  if (done == "one") return "The session has ended, on all servers.";
  if (done == "none") return "You have no such session (any more).";
  if (done == "others") return "All your other sessions have ended, on all servers.";
  return {};
}

void end_one(Services& services, const ExchangePtr& exchange, const Session& own,
             std::string handle) {
  const bool is_own = handle == attribute_of(own, kHandle);
  end_session(services, exchange, std::string(own.subject()), std::move(handle),
              [&services, exchange, is_own](absl::StatusOr<std::optional<Session>> ended) {
                const Request& request = exchange->request();
                if (!ended.ok()) {
                  return exchange->answer(unavailable_answer(services, request, ended.status()));
                }
                if (!*ended) return exchange->answer(back_to_list(services, "none"));
                ++services.counters.sessions_ended;
                log_session(services, request, "session ended by its user", **ended);
                if (!is_own) return exchange->answer(back_to_list(services, "one"));
                Response response = to_login(services, "signed_out");
                sign_out_browser(services, response);
                exchange->answer(std::move(response));
              });
}

// All but the one that asks, or really all.
void end_all(Services& services, const ExchangePtr& exchange, const Session& own, bool with_own) {
  sojourn::RevokeOptions options = {.timeout = services.config.write.timeout};
  if (!with_own) options.except = own.id();
  services.store.async_revoke_all(
      std::string(own.subject()), options,
      asio::bind_executor(exchange->executor(), [&services, exchange, own,
                                                 with_own](absl::StatusOr<std::uint64_t> ended) {
        const Request& request = exchange->request();
        if (!ended.ok()) {
          return exchange->answer(unavailable_answer(services, request, ended.status()));
        }
        services.counters.sessions_ended += *ended;
        const std::string user(own.subject());
        log_sessions_of(services, request,
                        with_own ? "all sessions ended" : "all other sessions ended", user, *ended,
                        user);
        if (!with_own) return exchange->answer(back_to_list(services, "others"));
        Response response = to_login(services, "everywhere");
        sign_out_browser(services, response);
        exchange->answer(std::move(response));
      }));
}

}  // namespace

void show_sessions(Services& services, const ExchangePtr& exchange) {
  with_signed_in(services, exchange, /*touch=*/true, [&services, exchange](FoundSession found) {
    std::string user(found.session->subject());
    list_sessions(
        services, exchange, std::move(user),
        [&services, exchange,
         found = std::move(found)](absl::StatusOr<std::vector<Session>> sessions) {
          const Request& request = exchange->request();
          if (!sessions.ok()) {
            return exchange->answer(unavailable_answer(services, request, sessions.status()));
          }
          const Form query = Form::parse(request.query);
          const std::string done(query.get("done"));
          SessionsPage page = {.notice = explained(done),
                               .notice_is_bad = done == "none",
                               .csrf_token = attribute_of(*found.session, kCsrfToken),
                               .sessions = shown_sessions(*sessions, page_number(query.get("page")),
                                                          attribute_of(*found.session, kHandle),
                                                          services.path("sessions") + "?page=")};
          Response response = page_response(services.base, 200, sessions_page(services.base, page));
          services.sessions.refresh_cookie(response, found);
          exchange->answer(std::move(response));
        });
  });
}

void change_sessions(Services& services, const ExchangePtr& exchange) {
  with_signed_in_form(services, exchange, [&services, exchange](FoundSession found) {
    const Form form = Form::parse(exchange->request().body);
    const std::string_view action = form.get("action");
    const Session& own = *found.session;
    if (action == "end") {
      return end_one(services, exchange, own, std::string(form.get("session")));
    }
    if (action == "others") return end_all(services, exchange, own, /*with_own=*/false);
    if (action == "everywhere") {
      return with_confirmation(services, exchange, own, services.path("sessions"),
                               [&services, own](const ExchangePtr& confirmed) {
                                 end_all(services, confirmed, own, /*with_own=*/true);
                               });
    }
    exchange->answer(refused_form_answer(services, exchange->request()));
  });
}

}  // namespace gatehouse
