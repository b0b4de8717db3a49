#include "gatehouse/portal/password_attempt.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <charconv>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/log.h"
#include "gatehouse/portal/device.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/guarded_check.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"

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
  Attempt(Services& services, ExchangePtr exchange, Session login, PasswordAnswer answer,
          absl::AnyInvocable<void(AttemptResult) &&> done)
      : services_(services),
        exchange_(std::move(exchange)),
        login_(std::move(login)),
        answer_(std::move(answer)),
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

  void make_room() {
    user_ = services_.users.find(attribute_of(login_, kClaimedUser),
                                 attribute_of(login_, kClaimedRealm));
    // Only where the configuration changed meanwhile.
    if (user_ == nullptr) return finish({.outcome = Outcome::kGone});
    services_.store.async_revoke_all(
        user_->name, sojourn::RevokeOptions{.timeout = services_.config.write.timeout},
        then([](Attempt& self, absl::StatusOr<std::uint64_t> ended) {
          if (!ended.ok()) return self.fail(ended.status());
          self.services_.counters.sessions_ended += *ended;
          log_sessions_of(self.services_, self.exchange_->request(),
                          "all sessions ended to sign in again", self.user_->name, *ended,
                          self.user_->name);
          self.sign_in();
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
    const std::string name = attribute_of(login_, kClaimedUser);
    const std::string realm = attribute_of(login_, kClaimedRealm);
    user_ = services_.users.find(name, realm);
    check_guarded(
        services_, exchange_, name, realm, std::move(answer_.password),
        [self = shared_from_this()](const CheckResult& checked) {
          switch (checked.outcome) {
            case CheckResult::Outcome::kRight:
              return self->sign_in();
            case CheckResult::Outcome::kWrong:
              return self->refuse();
            case CheckResult::Outcome::kLocked:
              self->log(checked.was_wrong ? "wrong password" : "sign-in refused by a lock");
              return self->finish({.outcome = Outcome::kLocked, .wait = checked.wait});
            case CheckResult::Outcome::kUnavailable:
              return self->fail(checked.why);
          }
        });
  }

  void sign_in() {
    const auto& request = exchange_->request();
    const auto client = client_address(request, services_.config.trusted_proxies);
    auto patch = sign_in_patch(
        *user_, {device_of(request.header("User-Agent").value_or("")), client.to_string()},
        new_csrf_token());
    services_.store.async_authenticate(
        login_.id(), user_->name, std::move(patch),
        sojourn::AuthenticateOptions{.timeout = services_.config.write.timeout,
                                     .remembered = answer_.remember && services_.config.remembers},
        then([](Attempt& self, absl::StatusOr<Session> session) {
          if (absl::IsResourceExhausted(session.status())) return self.look_why(session.status());
          if (!session.ok()) return self.fail(session.status());
          ++self.services_.counters.logins_completed;
          log_session(self.services_, self.exchange_->request(), "signed in", *session);
          self.finish({.outcome = Outcome::kSignedIn, .session = *std::move(session)});
        }));
  }

  // The store refuses new sessions when memory is short, too; that is not for the user to mend.
  void look_why(const absl::Status& refused) {
    const sojourn::SubjectLimit& limit = services_.config.store.sessions_per_subject;
    if (limit.maximum == 0 || limit.when_full != sojourn::WhenFull::kRefuseNew) {
      return fail(refused);
    }
    services_.store.async_count(user_->name, services_.config.read,
                                then([refused, maximum = limit.maximum](
                                         Attempt& self, absl::StatusOr<std::uint64_t> count) {
                                  if (!count.ok() || *count < maximum) return self.fail(refused);
                                  ++self.services_.counters.logins_full;
                                  self.log("sign-in refused, the user has too many sessions");
                                  self.offer_room();
                                }));
  }

  // The login waits for the answer for a while, and with it the token's worth ends.
  void offer_room() {
    std::string token = new_csrf_token();
    auto patch = sojourn::Patch().set(kMakeRoom, token).ends_within(std::chrono::minutes(5));
    services_.store.async_patch(
        login_.id(), std::move(patch), services_.config.write,
        then([token = std::move(token)](Attempt& self, absl::StatusOr<Session> patched) {
          if (!patched.ok()) return self.fail(patched.status());
          self.finish({.outcome = Outcome::kFull, .make_room_token = token});
        }));
  }

  void refuse() {
    log("wrong password");
    if (attempts_of(login_) >= kAttemptsMax) return end_login();
    finish({.outcome = Outcome::kWrong});
  }

  void end_login() {
    ++services_.counters.logins_ended;
    log("login ended after too many wrong passwords");
    services_.store.async_revoke(
        login_.id(), services_.config.write, then([](Attempt& self, const absl::Status& revoked) {
          // What could not be revoked ends soon by itself, and has no
          // attempts left.
          if (!revoked.ok()) log_line(sojourn::LogLevel::kWarning, std::string(revoked.message()));
          self.finish({.outcome = Outcome::kEnded});
        }));
  }

  void fail(const absl::Status& status) {
    // A login that is active already was completed by another request, under another id. One that
    // is aborted has crossed the user's signing out everywhere, and must be begun again.
    const bool is_over =
        is_gone(status) || absl::IsFailedPrecondition(status) || absl::IsAborted(status);
    finish({.outcome = is_over ? Outcome::kGone : Outcome::kUnavailable, .why = status});
  }

  // With the user, if there is one: the login itself does not know whom it is for.
  void log(std::string_view event) {
    log_session(services_, exchange_->request(),
                std::string(event) + " for " + (user_ != nullptr ? user_->name : "nobody"), login_);
  }

  void finish(AttemptResult result) { std::move(done_)(std::move(result)); }

  Services& services_;
  const ExchangePtr exchange_;
  Session login_;
  PasswordAnswer answer_;
  absl::AnyInvocable<void(AttemptResult) &&> done_;
  const User* user_ = nullptr;
};

}  // namespace

void attempt_password(Services& services, ExchangePtr exchange, Session login,
                      PasswordAnswer answer, absl::AnyInvocable<void(AttemptResult) &&> done) {
  std::make_shared<Attempt>(services, std::move(exchange), std::move(login), std::move(answer),
                            std::move(done))
      ->count();
}

void make_room(Services& services, ExchangePtr exchange, Session login, bool remember,
               absl::AnyInvocable<void(AttemptResult) &&> done) {
  std::make_shared<Attempt>(services, std::move(exchange), std::move(login),
                            PasswordAnswer{.remember = remember}, std::move(done))
      ->make_room();
}

}  // namespace gatehouse
