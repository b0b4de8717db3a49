#include "gatehouse/portal/administration.h"

#include <absl/strings/str_format.h>

#include <asio/bind_executor.hpp>
#include <string>
#include <utility>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/confirmation.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"
#include "gatehouse/portal/new_login.h"
#include "gatehouse/portal/session_list.h"
#include "gatehouse/portal/signed_in.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {
namespace {

using sojourn::Session;

// The subject of the sessions of whom the administrator means: a user by name or email address, or
// somebody who is none any more but may have sessions.
std::string subject_of(const Services& services, std::string_view typed) {
  const User* user = services.users.find(typed);
  return user != nullptr ? user->name : to_lower(typed);
}

std::string explained(std::string_view done) {
  if (done == "one") return "The session has ended, on all servers.";
  if (done == "none") return "There is no such session (any more).";
  if (done == "all") return "All sessions have ended, on all servers.";
  return {};
}

Response back_to(const Services& services, std::string_view user, std::string_view done) {
  return Response::redirect(
      303, services.path("admin") + "?user=" + percent_encode(user) + "&done=" + std::string(done));
}

void answer_page(const Services& services, const ExchangePtr& exchange, const FoundSession& found,
                 int status, const AdminPage& page) {
  Response response = page_response(services.base, status, admin_page(services.base, page));
  services.sessions.refresh_cookie(response, found);
  exchange->answer(std::move(response));
}

// The administrator and what they want. Kept together for the steps to come.
struct Order {
  Session administrator;
  std::string user;
  std::string handle;  // empty: all sessions

  std::string by() const { return std::string(administrator.subject()); }
  // In words, for the audit log.
  std::string change() const {
    return handle.empty()
               ? "revoke all sessions of subject " + in_quotes(user)
               : "revoke session " + in_quotes(handle) + " of subject " + in_quotes(user);
  }
};

void end_one(Services& services, const ExchangePtr& exchange, const Order& order) {
  end_session(services, exchange, order.user, order.handle,
              [&services, exchange, order](absl::StatusOr<std::optional<Session>> ended) {
                const Request& request = exchange->request();
                audit(services, request, order.by(), order.change(), ended.status(),
                      ended.ok() && *ended ? "done" : "there is none");
                if (!ended.ok()) {
                  return exchange->answer(unavailable_answer(services, request, ended.status()));
                }
                if (*ended) {
                  ++services.counters.sessions_ended;
                  log_session(services, request, "session ended by administrator " + order.by(),
                              **ended);
                }
                exchange->answer(back_to(services, order.user, *ended ? "one" : "none"));
              });
}

void end_all(Services& services, const ExchangePtr& exchange, const Order& order) {
  services.store.async_revoke_all(
      order.user, sojourn::RevokeOptions{.timeout = services.config.write.timeout},
      asio::bind_executor(
          exchange->executor(), [&services, exchange, order](absl::StatusOr<std::uint64_t> ended) {
            const Request& request = exchange->request();
            audit(services, request, order.by(), order.change(), ended.status(),
                  absl::StrFormat("%d session%s ended", ended.value_or(0),
                                  ended.value_or(0) == 1 ? "" : "s"));
            if (!ended.ok()) {
              return exchange->answer(unavailable_answer(services, request, ended.status()));
            }
            services.counters.sessions_ended += *ended;
            log_sessions_of(services, request, "all sessions ended by an administrator", order.user,
                            *ended, order.by());
            exchange->answer(back_to(services, order.user, "all"));
          }));
}

}  // namespace

void show_administration(Services& services, const ExchangePtr& exchange) {
  with_signed_in(services, exchange, /*touch=*/true, [&services, exchange](FoundSession found) {
    const Request& request = exchange->request();
    if (!is_admin(services.portal, identity_of(*found.session))) {
      return exchange->answer(admins_only_answer(services, request));
    }
    const Form query = Form::parse(request.query);
    AdminPage page = {.csrf_token = attribute_of(*found.session, kCsrfToken),
                      .has_console = services.portal.console};
    if (!query.find("user")) return answer_page(services, exchange, found, 200, page);
    page.user_name = query.get("user");
    page.error = claimed_name_problem(page.user_name);
    if (!page.error.empty()) return answer_page(services, exchange, found, 400, page);

    page.user_name = subject_of(services, page.user_name);
    const std::string done(query.get("done"));
    page.notice = explained(done);
    page.notice_is_bad = done == "none";
    const std::size_t number = page_number(query.get("page"));
    std::string user = page.user_name;
    list_sessions(services, exchange, std::move(user),
                  [&services, exchange, found = std::move(found), page = std::move(page),
                   number](absl::StatusOr<std::vector<Session>> sessions) mutable {
                    if (!sessions.ok()) {
                      return exchange->answer(
                          unavailable_answer(services, exchange->request(), sessions.status()));
                    }
                    page.sessions =
                        shown_sessions(*sessions, number, attribute_of(*found.session, kHandle),
                                       services.path("admin") +
                                           "?user=" + percent_encode(page.user_name) + "&page=");
                    answer_page(services, exchange, found, 200, page);
                  });
  });
}

void administrate(Services& services, const ExchangePtr& exchange) {
  with_signed_in_form(services, exchange, [&services, exchange](FoundSession found) {
    const Request& request = exchange->request();
    if (!is_admin(services.portal, identity_of(*found.session))) {
      audit(services, request, found.session->subject(), "end sessions of others",
            absl::PermissionDeniedError("no administrator"));
      return exchange->answer(admins_only_answer(services, request));
    }
    const Form form = Form::parse(request.body);
    const bool is_for_all = form.get("action") == "all";
    const bool is_for_one = form.get("action") == "end" && !form.get("session").empty();
    if (!claimed_name_problem(std::string(form.get("user"))).empty() ||
        (!is_for_all && !is_for_one)) {
      return exchange->answer(refused_form_answer(services, request));
    }
    Order order = {*found.session, subject_of(services, form.get("user")),
                   is_for_one ? std::string(form.get("session")) : std::string()};
    with_confirmation(services, exchange, *found.session, services.path("admin"),
                      [&services, order = std::move(order)](const ExchangePtr& confirmed) {
                        order.handle.empty() ? end_all(services, confirmed, order)
                                             : end_one(services, confirmed, order);
                      });
  });
}

}  // namespace gatehouse
