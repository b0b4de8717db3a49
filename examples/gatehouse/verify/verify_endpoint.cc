#include "gatehouse/verify/verify_endpoint.h"

#include <utility>

#include "gatehouse/log.h"

namespace gatehouse {
namespace {

Response answer(const PolicyConfig& policy, VerifyMode mode, const OriginalRequest& original,
                const FoundSession& found) {
  if (found.is_unknown()) {
    log_line(sojourn::LogLevel::kWarning, "verify: the store could not answer: " +
                                              std::string(found.session.status().message()));
    return try_again_answer();
  }
  if (!found.is_active()) return sign_in_answer(policy, original, mode);
  const Identity identity = identity_of(*found.session);
  return is_allowed(policy, identity) ? pass_answer(policy, identity)
                                      : forbidden_answer(policy, original, mode, identity);
}

}  // namespace

void handle_verify(Services& services, const PolicyConfig& policy, VerifyMode mode,
                   const ExchangePtr& exchange) {
  auto original = original_request(exchange->request(), mode, services.config.trusted_proxies);
  if (!original.ok()) {
    return exchange->answer(Response::text(400, std::string(original.status().message()) + "\n"));
  }
  services.sessions.find(
      exchange, sojourn::Phase::kActive, /*touch=*/true,
      [&policy, mode, exchange, original = *std::move(original)](FoundSession found) {
        exchange->answer(answer(policy, mode, original, found));
      });
}

}  // namespace gatehouse
