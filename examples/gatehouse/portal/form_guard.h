#pragma once

#include <sojourn/session.h>

#include <string>
#include <string_view>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/http/request.h"

namespace gatehouse {

// What keeps other sites from sending forms in a visitor's name, beside the cookie's SameSite.

// A new random token for a session's forms.
std::string new_csrf_token();

// Whether `token` is the one of the session; takes the same time for every wrong one.
bool csrf_token_matches(const sojourn::Session& session, std::string_view token);

// The same for the token by which a login goes on that found no room: see make_room().
bool make_room_token_matches(const sojourn::Session& login, std::string_view token);

// Whether a POST comes from a page of this server, by what the browser says: Sec-Fetch-Site, which
// pages cannot forge, otherwise Origin. Clients that say neither are no browsers, and hold no
// cookie that somebody else could misuse.
bool comes_from_own_page(const Request& request, const TrustedProxies& trusted);

// Whether the body is declared as JSON, which browsers do not send to other sites without asking
// them first; this server never agrees.
bool has_json_body(const Request& request);

}  // namespace gatehouse
