#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "gatehouse/http/request.h"
#include "gatehouse/http/response.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// Whether the client asked for JSON: by "?format=json", by Accept, or by sending JSON.
bool wants_json(const Request& request);

// An answer that only says something: as a page, or as {"error": true, "message": ...}.
Response message_answer(const Services& services, const Request& request, int status,
                        const MessagePage& page);

// 503 with Retry-After, for when the store cannot answer. Says that nobody was signed out, and logs
// why.
Response unavailable_answer(const Services& services, const Request& request,
                            const absl::Status& why);

// 403 for a form that another site sent, or whose token is not the session's.
Response refused_form_answer(const Services& services, const Request& request);

// To the login page, which explains: "expired", "ended", "signed_out".
Response to_login(const Services& services, std::string_view reason = {});

}  // namespace gatehouse
