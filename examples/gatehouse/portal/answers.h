#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <optional>
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

// 403 for who has signed in but is no administrator.
Response admins_only_answer(const Services& services, const Request& request);

// What people are told whose password is not looked at because of too many wrong ones, and when to
// come again: the same whether there is such a user or not.
std::string locked_text(std::chrono::milliseconds wait);
Response retry_after(Response response, std::chrono::milliseconds wait);

// And those who have as many sessions as they may.
inline constexpr char kFullText[] = "You are signed in on as many devices as is allowed.";

// Where people may be sent after they have signed in, if `text` is such a place: one of the
// portal's own pages, or what the configuration trusts.
std::optional<std::string> login_target(const Services& services, std::string_view text);

// To the login page, which explains: see explained() in login_step.cc.
Response to_login(const Services& services, std::string_view reason = {});

// Makes the browser forget the cookie, and all else of this site if so configured.
void sign_out_browser(const Services& services, Response& response);

}  // namespace gatehouse
