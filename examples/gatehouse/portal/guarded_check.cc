#include "gatehouse/portal/guarded_check.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/log.h"

namespace gatehouse {
namespace {

using Outcome = CheckResult::Outcome;
using sojourn::Counter;

// Names of companions. Nobody else uses the store, so they need no name of the program.
std::string wrong(const std::string& subject) { return "wrong/" + subject; }
std::string locked(const std::string& subject) { return "locked/" + subject; }

// Whether the store cannot count now, but may go on with everything else.
bool is_uncounted(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsResourceExhausted(status);
}

// Is it locked? Count, check, count again: each step starts the next, on the exchange's executor.
class Check : public std::enable_shared_from_this<Check> {
 public:
  Check(Services& services, ExchangePtr exchange, std::string_view name, const User* user,
        std::string password, CheckDone done)
      : services_(services),
        config_(services.portal.protection.lockout),
        exchange_(std::move(exchange)),
        name_("name/" + counted_name(name)),
        user_(user),
        password_(std::move(password)),
        done_(std::move(done)) {
    const auto client = client_address(exchange_->request(), services.config.trusted_proxies);
    if (const auto address = counted_address(client, services.config.trusted_proxies)) {
      address_ = "address/" + *address;
    }
  }

  void start() {
    if (config_.per_name == 0) return check_password();
    look_for_lock(name_, [](Check& self) {
      if (self.address_.empty()) return self.count();
      self.look_for_lock(self.address_, [](Check& next) { next.count(); });
    });
  }

 private:
  template <typename Step>
  auto then(Step step) {
    return asio::bind_executor(
        exchange_->executor(),
        [self = shared_from_this(), step](auto result) { step(*self, std::move(result)); });
  }

  template <typename Next>
  void look_for_lock(const std::string& subject, Next next) {
    services_.store.async_read_counter(locked(subject), services_.config.read,
                                       then([next](Check& self, absl::StatusOr<Counter> found) {
                                         if (!found.ok() && !self.may_go_on(found.status())) return;
                                         if (found.ok() && found->count > 0)
                                           return self.refuse(found->remaining);
                                         next(self);
                                       }));
  }

  void count() {
    services_.store.async_add(wrong(name_), 1, config_.within, services_.config.write,
                              then([](Check& self, absl::StatusOr<Counter> counted) {
                                if (!counted.ok() && !self.may_go_on(counted.status())) return;
                                if (counted.ok()) self.counted_ = counted->count;
                                // Others have just made the last attempts, and will lock it.
                                if (self.counted_ > self.config_.per_name) {
                                  return self.refuse(counted->remaining);
                                }
                                self.check_password();
                              }));
  }

  void check_password() {
    services_.passwords.check(
        std::move(password_),
        user_ != nullptr ? user_->password_hashes : services_.users.unmatchable_hashes(),
        exchange_->executor(), [self = shared_from_this()](absl::Status checked) {
          if (checked.ok()) return self->accept();
          if (!absl::IsUnauthenticated(checked)) return self->fail(checked);
          self->count_wrong();
        });
  }

  void accept() {
    if (config_.per_name == 0) return finish({.outcome = Outcome::kRight});
    services_.store.async_reset_counter(wrong(name_), services_.config.write,
                                        then([](Check& self, const absl::Status& reset) {
                                          // Then these attempts still count for a while.
                                          if (!reset.ok()) note(reset);
                                          self.finish({.outcome = Outcome::kRight});
                                        }));
  }

  void count_wrong() {
    ++services_.counters.passwords_wrong;
    if (config_.per_name == 0) return finish({.outcome = Outcome::kWrong});
    if (address_.empty()) return lock_name();
    services_.store.async_add(wrong(address_), 1, config_.within, services_.config.write,
                              then([](Check& self, absl::StatusOr<Counter> counted) {
                                if (!counted.ok()) note(counted.status());
                                const bool is_last =
                                    counted.ok() && counted->count >= self.config_.per_address;
                                if (!is_last) return self.lock_name();
                                self.lock(self.address_, [](Check& next) { next.lock_name(); });
                              }));
  }

  void lock_name() {
    if (counted_ < config_.per_name) return finish({.outcome = Outcome::kWrong});
    lock(name_, [](Check& self) {
      ++self.services_.counters.logins_locked;
      self.finish({.outcome = Outcome::kLocked, .wait = self.config_.lasting, .was_wrong = true});
    });
  }

  template <typename Next>
  void lock(const std::string& subject, Next next) {
    const auto client = client_address(exchange_->request(), services_.config.trusted_proxies);
    // A name that nobody has may be a password, typed into the wrong field.
    const std::string name = user_ != nullptr ? "user " + user_->name : "a name that nobody has";
    log_line(sojourn::LogLevel::kWarning,
             "locked after too many wrong passwords: " + (subject == address_ ? subject : name) +
                 ", client " + client.to_string());
    services_.store.async_add(locked(subject), 1, config_.lasting, services_.config.write,
                              then([next](Check& self, absl::StatusOr<Counter> made) {
                                if (!made.ok()) note(made.status());
                                next(self);
                              }));
  }

  // Whether the store may go on without this counter; otherwise the check is over.
  bool may_go_on(const absl::Status& status) {
    if (is_uncounted(status)) {
      note(status);
      return true;
    }
    fail(status);
    return false;
  }

  static void note(const absl::Status& status) {
    log_line(sojourn::LogLevel::kWarning,
             "wrong passwords could not be counted: " + std::string(status.message()));
  }

  void refuse(std::chrono::milliseconds wait) {
    ++services_.counters.logins_locked;
    finish({.outcome = Outcome::kLocked, .wait = wait});
  }
  void fail(const absl::Status& why) { finish({.outcome = Outcome::kUnavailable, .why = why}); }
  void finish(CheckResult result) { std::move(done_)(std::move(result)); }

  Services& services_;
  const LockoutConfig& config_;
  const ExchangePtr exchange_;
  const std::string name_;
  std::string address_;  // empty: not counted
  const User* const user_;
  std::string password_;
  CheckDone done_;
  std::uint64_t counted_ = 0;
};

}  // namespace

void check_guarded(Services& services, ExchangePtr exchange, std::string_view name,
                   std::string_view realm, std::string password, CheckDone done) {
  const User* user = services.users.find(name, realm);
  std::make_shared<Check>(services, std::move(exchange), name, user, std::move(password),
                          std::move(done))
      ->start();
}

std::string counted_name(std::string_view name) { return to_lower(name); }

std::optional<std::string> counted_address(const asio::ip::address& address,
                                           const TrustedProxies& trusted) {
  if (trusted.contains(address)) return std::nullopt;
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::make_address_v6(bytes).to_string() + "/64";
}

}  // namespace gatehouse
