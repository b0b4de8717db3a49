#include <asio/bind_executor.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/http/form.h"
#include "gatehouse/portal/account.h"
#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/journal.h"

namespace gatehouse {
namespace {

// Ends every session that the browser's cookies lead to, one after the other: if only one of
// several was ended, the browser might go on with the next.
class Logout : public std::enable_shared_from_this<Logout> {
 public:
  Logout(Services& services, ExchangePtr exchange, std::vector<sojourn::SessionId> ids)
      : services_(services), exchange_(std::move(exchange)), ids_(std::move(ids)) {}

  void next() {
    if (ids_.empty()) return finish();
    services_.store.async_revoke(
        ids_.back(), services_.config.write,
        asio::bind_executor(
            exchange_->executor(), [self = shared_from_this()](const absl::Status& revoked) {
              // The cookie stays: the session may live, and can then be ended again.
              if (!revoked.ok()) {
                return self->exchange_->answer(
                    unavailable_answer(self->services_, self->exchange_->request(), revoked));
              }
              self->ids_.pop_back();
              self->next();
            }));
  }

 private:
  void finish() {
    const Request& request = exchange_->request();
    const Form form = Form::parse(request.body);
    const auto target =
        trusted_redirect(form.get("redirect_uri"), services_.portal.logout_redirects);
    Response response = wants_json(request) ? Response::json(200, "{\"authenticated\": false}\n")
                        : target            ? Response::redirect(303, *target)
                                            : to_login(services_, "signed_out");
    sign_out_browser(services_, response);
    exchange_->answer(std::move(response));
  }

  Services& services_;
  const ExchangePtr exchange_;
  std::vector<sojourn::SessionId> ids_;
};

}  // namespace

void log_out(Services& services, const ExchangePtr& exchange) {
  if (!comes_from_own_page(exchange->request(), services.config.trusted_proxies)) {
    return exchange->answer(refused_form_answer(services, exchange->request()));
  }
  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/false,
      [&services, exchange](FoundSession found) {
        const Request& request = exchange->request();
        if (found.is_unknown()) {
          return exchange->answer(unavailable_answer(services, request, found.session.status()));
        }
        if (found.session.ok()) {
          const Form form = Form::parse(request.body);
          if (!has_json_body(request) &&
              !csrf_token_matches(*found.session, form.get("csrf_token"))) {
            return exchange->answer(refused_form_answer(services, request));
          }
          ++services.counters.logouts;
          log_session(services, request, "signed out", *found.session);
        }
        std::make_shared<Logout>(services, exchange, std::move(found.ids))->next();
      });
}

}  // namespace gatehouse
