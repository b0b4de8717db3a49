#pragma once

#include <sojourn/options.h>

#include <string_view>

namespace gatehouse {

// One line to standard error: time, level, message. Line breaks in the message become blanks. Safe
// from any thread. Never give it a session id, a cookie, a password, or what somebody typed into a
// form.
void log_line(sojourn::LogLevel level, std::string_view message);

}  // namespace gatehouse
