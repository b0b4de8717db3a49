#pragma once

#include <absl/status/status.h>
#include <sojourn/cookie.h>

#include <cstddef>
#include <string_view>

namespace sojourn::session {

inline constexpr std::size_t kCookieNameSizeMax = 64;
inline constexpr std::size_t kRouteSizeMax = 32;  // nginx refuses longer ones

// What may stand after the dot of a cookie value: [a-z0-9-]{1,32}. Every member name is one.
bool is_route(std::string_view text);

// kInvalidArgument, naming the option, when `options` contradict themselves or a browser would drop
// the cookie that they describe.
absl::Status check(const CookieOptions& options);

}  // namespace sojourn::session
