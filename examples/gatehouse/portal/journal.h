#pragma once

#include <absl/status/status.h>
#include <sojourn/session.h>

#include <string>
#include <string_view>

#include "gatehouse/http/request.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// One line of the log for what happens to a session: "EVENT: session HASH, handle HANDLE, user
// NAME, client ADDRESS". The hash is that of the id, salted anew by each process, so that whoever
// reads the log cannot take over a session; the handle is the same on all servers, and leads to no
// session either.
//
// Its life in these words: "login started", "signed in", "session renewed", "signed out",
// "session ended by its user", "session ended by an administrator", "wrong password",
// "session refused". What ends without a page is told by line_of() in endings.h.
void log_session(const Services& services, const Request& request, std::string_view event,
                 const sojourn::Session& session);

// The same for what happens to all sessions of a user: "EVENT: user NAME, N sessions, by NAME,
// client ADDRESS"; of one, "1 session".
void log_sessions_of(const Services& services, const Request& request, std::string_view event,
                     std::string_view user, std::uint64_t sessions, std::string_view by);

// One line for what an administrator changed or tried to, in the form of the store's own audit log:
// "audit: NAME at ADDRESS: CHANGE: OUTCOME". The outcome of what failed is its status.
void audit(const Services& services, const Request& request, std::string_view by,
           std::string_view change, const absl::Status& status, std::string_view outcome = "done");

// A name as it may stand in such a line: in quotes, printable and not too long.
std::string in_quotes(std::string_view name);

}  // namespace gatehouse
