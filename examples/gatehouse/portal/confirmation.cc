#include "gatehouse/portal/confirmation.h"

#include <asio/bind_executor.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/guarded_check.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

std::int64_t unix_seconds(system_clock::time_point time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

Response ask(const Services& services, const Request& request, const sojourn::Session& session,
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

// Notes that the password was right, then goes on.
void note(Services& services, const ExchangePtr& exchange, const sojourn::Session& session,
          absl::AnyInvocable<void() &&> proceed) {
  auto patch =
      sojourn::Patch().set(kConfirmedAt, std::to_string(unix_seconds(system_clock::now())));
  services.store.async_patch(
      session.id(), std::move(patch), services.config.write,
      asio::bind_executor(
          exchange->executor(),
          [proceed = std::move(proceed)](const absl::StatusOr<sojourn::Session>&) mutable {
            // If it could not be noted they are asked again next time.
            std::move(proceed)();
          }));
}

}  // namespace

bool is_fresh(const ProtectionConfig& config, const sojourn::Session& session,
              system_clock::time_point now) {
  if (config.fresh == seconds(0)) return true;
  std::int64_t since = unix_seconds(session.created_at());
  const std::string noted = attribute_of(session, kConfirmedAt);
  std::from_chars(noted.data(), noted.data() + noted.size(), since);
  return unix_seconds(now) - since < config.fresh.count();
}

void with_confirmation(Services& services, const ExchangePtr& exchange,
                       const sojourn::Session& session, std::string_view path,
                       absl::AnyInvocable<void() &&> proceed) {
  if (is_fresh(services.portal.protection, session, system_clock::now())) {
    return std::move(proceed)();
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
            return note(services, exchange, session, std::move(proceed));
          case CheckResult::Outcome::kWrong:
            log_session(services, asked, "wrong password", session);
            return exchange->answer(
                ask(services, asked, session, path, 401, "This is not your password. Try again."));
          case CheckResult::Outcome::kLocked:
            return exchange->answer(retry_after(
                ask(services, asked, session, path, 429, locked_text(checked.wait)), checked.wait));
          case CheckResult::Outcome::kUnavailable:
            return exchange->answer(unavailable_answer(services, asked, checked.why));
        }
      });
}

}  // namespace gatehouse
