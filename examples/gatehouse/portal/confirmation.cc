#include "gatehouse/portal/confirmation.h"

#include <memory>
#include <string>
#include <utility>

#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/guarded_check.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"
#include "gatehouse/portal/noted_time.h"
#include "gatehouse/portal/renewal.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {
namespace {

using sojourn::Session;
using std::chrono::system_clock;

Response ask(const Services& services, const Request& request, const Session& session,
             std::string_view path, int status, std::string error) {
  const Form form = Form::parse(request.body);
  ConfirmPage page = {.path = std::string(path),
                      .user_name = std::string(session.subject()),
                      .error = std::move(error)};
  for (const char* const field : {"csrf_token", "action", "session", "user"}) {
    page.fields.emplace_back(field, form.get(field));
  }
  return page_response(services.base, status, confirm_page(services.base, page));
}

// The exchange, but that its answer makes the browser keep the cookie of this session, unless it
// says something about the cookie itself: it may be that the session has just been ended.
ExchangePtr with_cookie(Services& services, const ExchangePtr& exchange, const Session& session) {
  return std::make_shared<Exchange>(exchange->request(), exchange->executor(),
                                    [&services, exchange, session](Response response) {
                                      if (response.header("Set-Cookie").empty()) {
                                        services.sessions.set_cookie(response, session);
                                      }
                                      exchange->answer(std::move(response));
                                    });
}

// The password was right: notes that, under a new id, and goes on.
void confirm(Services& services, const ExchangePtr& exchange, const Session& session,
             ProceedConfirmed proceed) {
  auto patch = sojourn::Patch().set(kConfirmedAt, noted_time(system_clock::now()));
  change_id(
      services, exchange, session, /*overlap=*/std::chrono::seconds(0), std::move(patch),
      [&services, exchange, proceed = std::move(proceed)](absl::StatusOr<Session> renewed) mutable {
        if (!renewed.ok()) {
          return exchange->answer(
              is_gone(renewed.status())
                  ? to_login(services, "session_ended")
                  : unavailable_answer(services, exchange->request(), renewed.status()));
        }
        std::move(proceed)(with_cookie(services, exchange, *renewed));
      });
}

}  // namespace

bool is_fresh(const ProtectionConfig& config, system_clock::time_point confirmed,
              system_clock::time_point now) {
  return config.fresh == std::chrono::seconds(0) || now - confirmed < config.fresh;
}

void with_confirmation(Services& services, const ExchangePtr& exchange, const Session& session,
                       std::string_view path, ProceedConfirmed proceed) {
  const auto confirmed = read_noted_time(attribute_of(session, kConfirmedAt), session.created_at());
  if (is_fresh(services.portal.protection, confirmed, system_clock::now())) {
    return std::move(proceed)(exchange);
  }
  const Request& request = exchange->request();
  const Form form = Form::parse(request.body);
  std::string password(form.get("password"));
  if (password.empty()) return exchange->answer(ask(services, request, session, path, 200, {}));
  check_guarded(
      services, exchange, session.subject(), {}, std::move(password),
      [&services, exchange, session, path = std::string(path),
       proceed = std::move(proceed)](const CheckResult& checked) mutable {
        const Request& asked = exchange->request();
        switch (checked.outcome) {
          case CheckResult::Outcome::kRight:
            return confirm(services, exchange, session, std::move(proceed));
          case CheckResult::Outcome::kWrong:
            log_session(services, asked, "wrong password", session);
            return exchange->answer(
                ask(services, asked, session, path, 401, "This is not your password. Try again."));
          case CheckResult::Outcome::kLocked:
            if (checked.was_wrong) log_session(services, asked, "wrong password", session);
            return exchange->answer(retry_after(
                ask(services, asked, session, path, 429, locked_text(checked.wait)), checked.wait));
          case CheckResult::Outcome::kUnavailable:
            return exchange->answer(unavailable_answer(services, asked, checked.why));
        }
      });
}

}  // namespace gatehouse
