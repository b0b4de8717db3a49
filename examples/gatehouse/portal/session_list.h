#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/session.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"
#include "gatehouse/web/session_pages.h"

namespace gatehouse {

// Calls `done` on the exchange's executor with all sessions of the user, the one that was used last
// first. Beyond 10000 the others are left out.
using SessionsListed = absl::AnyInvocable<void(absl::StatusOr<std::vector<sojourn::Session>>) &&>;
void list_sessions(Services& services, const ExchangePtr& exchange, std::string user,
                   SessionsListed done);

// Ends the session of that user with that handle, whatever its id is by now, on all servers. `done`
// is called on the exchange's executor, with the session that was ended; with nothing if the user
// has none of that handle (any more): a handle of somebody else's session ends nothing.
using SessionEnded = absl::AnyInvocable<void(absl::StatusOr<std::optional<sojourn::Session>>) &&>;
void end_session(Services& services, const ExchangePtr& exchange, std::string user,
                 std::string handle, SessionEnded done);

// One page of the list as it is shown. `page` counts from 1, and is put in bounds. `own_handle` is
// that of the session that is looking. `link` is the address of the page without its number, ending
// in "page=".
SessionList shown_sessions(const std::vector<sojourn::Session>& sessions, std::size_t page,
                           std::string_view own_handle, std::string link);

// The number in the query's field "page"; 1 for everything else.
std::size_t page_number(std::string_view text);

}  // namespace gatehouse
