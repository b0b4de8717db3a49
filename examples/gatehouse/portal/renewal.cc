#include "gatehouse/portal/renewal.h"

#include <asio/bind_executor.hpp>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/log.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

std::int64_t unix_seconds(system_clock::time_point time) {
  return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

// Rotate, then note when: each step starts the next, on the exchange's executor.
class Renewal : public std::enable_shared_from_this<Renewal> {
 public:
  Renewal(Services& services, ExchangePtr exchange, FoundSession found, ServeSignedIn serve)
      : services_(services),
        exchange_(std::move(exchange)),
        found_(std::move(found)),
        serve_(std::move(serve)) {}

  // A completion handler that runs `step(*this, result)` on the exchange's executor.
  template <typename Step>
  auto then(Step step) {
    return asio::bind_executor(
        exchange_->executor(),
        [self = shared_from_this(), step](auto result) mutable { step(*self, std::move(result)); });
  }

  void start() {
    services_.store.async_rotate(
        found_.session->id(),
        {.timeout = services_.config.write.timeout,
         .overlap = services_.portal.protection.renewal.overlap},
        then([](Renewal& self, absl::StatusOr<sojourn::Session> renewed) {
          if (renewed.ok()) return self.note(*std::move(renewed));
          // Another request renewed it first (kFailedPrecondition), or will next time.
          if (!absl::IsFailedPrecondition(renewed.status())) {
            log_line(sojourn::LogLevel::kWarning,
                     "session not renewed: " + std::string(renewed.status().message()));
          }
          self.finish();
        }));
  }

 private:
  void note(sojourn::Session renewed) {
    ++services_.counters.sessions_renewed;
    log_session(services_, exchange_->request(),
                "session renewed, which was " + found_.session->id().redacted(), renewed);
    const auto id = renewed.id();
    found_.session = std::move(renewed);
    found_.is_renewed = true;
    auto patch =
        sojourn::Patch().set(kRenewedAt, std::to_string(unix_seconds(system_clock::now())));
    services_.store.async_patch(id, std::move(patch), services_.config.write,
                                then([](Renewal& self, absl::StatusOr<sojourn::Session> noted) {
                                  // If it could not be noted the session is renewed again too
                                  // early, which does no harm.
                                  if (noted.ok()) self.found_.session = std::move(noted);
                                  self.finish();
                                }));
  }

  void finish() { std::move(serve_)(std::move(found_)); }

  Services& services_;
  const ExchangePtr exchange_;
  FoundSession found_;
  ServeSignedIn serve_;
};

}  // namespace

bool is_renewal_due(const RenewalConfig& config, const sojourn::Session& session,
                    system_clock::time_point now) {
  // An alias is what a renewal has left behind.
  if (config.after == seconds(0) || session.is_alias()) return false;
  std::int64_t since = unix_seconds(session.created_at());
  const std::string noted = attribute_of(session, kRenewedAt);
  // Only this program writes the attribute; if it is none of ours, the session's age counts.
  std::from_chars(noted.data(), noted.data() + noted.size(), since);
  return unix_seconds(now) - since >= config.after.count();
}

void renew_if_due(Services& services, const ExchangePtr& exchange, FoundSession found,
                  ServeSignedIn serve) {
  const RenewalConfig& config = services.portal.protection.renewal;
  if (!is_renewal_due(config, *found.session, system_clock::now())) {
    return std::move(serve)(std::move(found));
  }
  std::make_shared<Renewal>(services, exchange, std::move(found), std::move(serve))->start();
}

}  // namespace gatehouse
