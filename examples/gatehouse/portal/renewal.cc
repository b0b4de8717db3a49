#include "gatehouse/portal/renewal.h"

#include <asio/bind_executor.hpp>
#include <string>
#include <utility>

#include "gatehouse/log.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/journal.h"
#include "gatehouse/portal/noted_time.h"

namespace gatehouse {
namespace {

using sojourn::Session;
using std::chrono::system_clock;

void apply(Services& services, const ExchangePtr& exchange, Session renewed, sojourn::Patch patch,
           IdChanged done) {
  const auto id = renewed.id();
  services.store.async_patch(
      id, std::move(patch), services.config.write,
      asio::bind_executor(exchange->executor(),
                          [renewed = std::move(renewed),
                           done = std::move(done)](absl::StatusOr<Session> patched) mutable {
                            // If it could not be noted the session is renewed again too early,
                            // which does no harm.
                            std::move(done)(patched.ok() ? std::move(patched) : std::move(renewed));
                          }));
}

}  // namespace

bool is_renewal_due(const RenewalConfig& config, system_clock::time_point since,
                    system_clock::time_point now) {
  return config.after > std::chrono::seconds(0) && now - since >= config.after;
}

void change_id(Services& services, const ExchangePtr& exchange, const Session& session,
               std::chrono::seconds overlap, sojourn::Patch patch, IdChanged done) {
  patch.set(kRenewedAt, noted_time(system_clock::now()));
  const auto old_id = session.id();
  const sojourn::RotateOptions options = {.timeout = services.config.write.timeout,
                                          .overlap = overlap};
  services.store.async_rotate(
      old_id, options,
      asio::bind_executor(
          exchange->executor(), [&services, exchange, old_id, patch = std::move(patch),
                                 done = std::move(done)](absl::StatusOr<Session> renewed) mutable {
            if (!renewed.ok()) return std::move(done)(renewed.status());
            ++services.counters.sessions_renewed;
            log_session(services, exchange->request(),
                        "session renewed, which was " + old_id.redacted(), *renewed);
            apply(services, exchange, *std::move(renewed), std::move(patch), std::move(done));
          }));
}

void renew_if_due(Services& services, const ExchangePtr& exchange, FoundSession found,
                  ServeSignedIn serve) {
  const RenewalConfig& config = services.portal.protection.renewal;
  const Session session = *found.session;
  const auto since = read_noted_time(attribute_of(session, kRenewedAt), session.created_at());
  // An alias is what a renewal has left behind.
  if (session.is_alias() || !is_renewal_due(config, since, system_clock::now())) {
    return std::move(serve)(std::move(found));
  }
  change_id(services, exchange, session, config.overlap, {},
            [found = std::move(found),
             serve = std::move(serve)](absl::StatusOr<Session> renewed) mutable {
              if (renewed.ok()) {
                found.session = std::move(renewed);
                found.is_renewed = true;
              } else if (!absl::IsFailedPrecondition(renewed.status())) {
                // Not that another request renewed it first.
                log_line(sojourn::LogLevel::kWarning,
                         "session not renewed: " + std::string(renewed.status().message()));
              }
              std::move(serve)(std::move(found));
            });
}

}  // namespace gatehouse
