#include "gatehouse/portal/password_attempt.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/log.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"

namespace gatehouse {
namespace {

using Outcome = AttemptResult::Outcome;
using sojourn::Session;

int attempts_of(const Session& login) {
  const std::string text = attribute_of(login, kAttempts);
  int attempts = 0;
  // Only this program writes the attribute; if it is none of ours, no attempt is left.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempts);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return text.empty() ? 0 : is_number ? attempts : kAttemptsMax;
}

// Count, check, sign in or end: each step starts the next, on the exchange's executor.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Services& services, ExchangePtr exchange, Session login, std::string password,
          absl::AnyInvocable<void(AttemptResult) &&> done)
      : services_(services),
        exchange_(std::move(exchange)),
        login_(std::move(login)),
        password_(std::move(password)),
        done_(std::move(done)) {}

  // A completion handler that runs `step(*this, result)` on the exchange's executor.
  template <typename Step>
  auto then(Step step) {
    return asio::bind_executor(
        exchange_->executor(),
        [self = shared_from_this(), step](auto result) { step(*self, std::move(result)); });
  }

  void count() {
    const int attempts = attempts_of(login_);
    if (attempts >= kAttemptsMax) return end_login();
    auto patch =
        sojourn::Patch().set(kAttempts, std::to_string(attempts + 1)).if_version(login_.version());
    services_.store.async_patch(login_.id(), std::move(patch), services_.config.write,
                                then([](Attempt& self, auto counted) {
                                  if (absl::IsAborted(counted.status())) return self.count_again();
                                  if (!counted.ok()) return self.fail(counted.status());
                                  self.login_ = *std::move(counted);
                                  self.check();
                                }));
  }

 private:
  // Another server counted an attempt first: look at the login as it is now. Ends, since every
  // round that is lost was won by another attempt.
  void count_again() {
    services_.store.async_get(login_.id(), services_.config.read,
                              then([](Attempt& self, absl::StatusOr<Session> login) {
                                if (!login.ok()) return self.fail(login.status());
                                self.login_ = *std::move(login);
                                self.count();
                              }));
  }

  void check() {
    user_ = services_.users.find(attribute_of(login_, kClaimedUser),
                                 attribute_of(login_, kClaimedRealm));
    services_.passwords.check(
        std::move(password_),
        user_ != nullptr ? user_->password_hashes : services_.users.unmatchable_hashes(),
        exchange_->executor(), [self = shared_from_this()](absl::Status checked) {
          if (checked.ok()) return self->sign_in();
          if (!absl::IsUnauthenticated(checked)) return self->fail(checked);
          self->refuse();
        });
  }

  void sign_in() {
    services_.store.async_authenticate(
        login_.id(), user_->name, sign_in_patch(*user_, new_csrf_token()),
        sojourn::AuthenticateOptions{.timeout = services_.config.write.timeout},
        then([](Attempt& self, absl::StatusOr<Session> session) {
          if (!session.ok()) return self.fail(session.status());
          ++self.services_.counters.logins_completed;
          self.log("signed in", session->id());
          self.finish({.outcome = Outcome::kSignedIn, .session = *std::move(session)});
        }));
  }

  void refuse() {
    ++services_.counters.passwords_wrong;
    log("wrong password", login_.id());
    if (attempts_of(login_) >= kAttemptsMax) return end_login();
    finish({.outcome = Outcome::kWrong});
  }

  void end_login() {
    ++services_.counters.logins_ended;
    log("login ended after too many wrong passwords", login_.id());
    services_.store.async_revoke(
        login_.id(), services_.config.write, then([](Attempt& self, const absl::Status& revoked) {
          // Where it could not be revoked it has no attempt left all the
          // same.
          if (!revoked.ok()) log_line(sojourn::LogLevel::kWarning, std::string(revoked.message()));
          self.finish({.outcome = Outcome::kEnded});
        }));
  }

  void fail(const absl::Status& status) {
    // A login that is active already was completed by another request, under another id.
    const bool is_over = is_gone(status) || absl::IsFailedPrecondition(status);
    finish({.outcome = is_over ? Outcome::kGone : Outcome::kUnavailable, .why = status});
  }

  void log(std::string_view event, const sojourn::SessionId& id) {
    const auto client = client_address(exchange_->request(), services_.config.trusted_proxies);
    log_line(sojourn::LogLevel::kInfo,
             absl::StrFormat("%s: session %s, user %s, client %s", event, id.redacted(),
                             user_ != nullptr ? user_->name : "unknown", client.to_string()));
  }

  void finish(AttemptResult result) { std::move(done_)(std::move(result)); }

  Services& services_;
  const ExchangePtr exchange_;
  Session login_;
  std::string password_;
  absl::AnyInvocable<void(AttemptResult) &&> done_;
  const User* user_ = nullptr;
};

}  // namespace

void attempt_password(Services& services, ExchangePtr exchange, Session login, std::string password,
                      absl::AnyInvocable<void(AttemptResult) &&> done) {
  std::make_shared<Attempt>(services, std::move(exchange), std::move(login), std::move(password),
                            std::move(done))
      ->count();
}

}  // namespace gatehouse
