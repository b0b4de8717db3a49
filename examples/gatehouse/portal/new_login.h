#pragma once

#include <sojourn/session.h>

#include <string>

#include "gatehouse/http/request.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// A login in progress as it begins, for browsers and for JSON clients alike.

// What is wrong with what somebody typed as their name, in words for them; empty if nothing is.
std::string claimed_name_problem(const std::string& name);

// The session to create: the claimed name, where to go afterwards, and a token for the next form.
sojourn::NewSession new_login(std::string name, std::string realm, std::string redirect_url);

// Counts and logs that it was created.
void log_login_started(Services& services, const Request& request, const sojourn::Session& session);

}  // namespace gatehouse
