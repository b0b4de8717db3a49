#include "gatehouse/portal/journal.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>

#include <string>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/log.h"
#include "gatehouse/portal/identity.h"

namespace gatehouse {
namespace {

std::string client_of(const Services& services, const Request& request) {
  return client_address(request, services.config.trusted_proxies).to_string();
}

}  // namespace

void log_session(const Services& services, const Request& request, std::string_view event,
                 const sojourn::Session& session) {
  std::string line = absl::StrFormat("%s: session %s", event, session.id().redacted());
  if (const std::string handle = attribute_of(session, kHandle); !handle.empty()) {
    line += ", handle " + handle;
  }
  if (!session.subject().empty()) line += ", user " + std::string(session.subject());
  log_line(sojourn::LogLevel::kInfo, line + ", client " + client_of(services, request));
}

void log_sessions_of(const Services& services, const Request& request, std::string_view event,
                     std::string_view user, std::uint64_t sessions, std::string_view by) {
  log_line(sojourn::LogLevel::kInfo,
           absl::StrFormat("%s: user %s, %d session%s, by %s, client %s", event, user, sessions,
                           sessions == 1 ? "" : "s", by, client_of(services, request)));
}

void audit(const Services& services, const Request& request, std::string_view by,
           std::string_view change, const absl::Status& status, std::string_view outcome) {
  const std::string words =
      status.ok() ? std::string(outcome)
                  : absl::StatusCodeToString(status.code()) + ": " + std::string(status.message());
  log_line(sojourn::LogLevel::kInfo, absl::StrFormat("audit: %s at %s: %s: %s", by,
                                                     client_of(services, request), change, words));
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t kBytesMax = 128;
  const std::string shown(name.substr(0, kBytesMax));
  return "'" + absl::CHexEscape(shown) + (name.size() <= kBytesMax ? "'" : "...'");
}

}  // namespace gatehouse
