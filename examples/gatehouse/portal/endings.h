#pragma once

#include <sojourn/event.h>
#include <sojourn/options.h>

#include <optional>
#include <string>

namespace gatehouse {

struct LogLine {
  sojourn::LogLevel level = sojourn::LogLevel::kInfo;
  std::string text = {};
};

// What the log says of an event of the store: of sessions and logins whose time was up, or that
// made room for others, or ended together with others, in the manner of log_session(); and, as
// warnings, of those that were lost and of events that were missed. Nothing for what the page tells
// that did it: signing in, out, and ending a single session. The page that ends all sessions of a
// user tells how many; this tells which, at the servers that held them.
std::optional<LogLine> line_of(const sojourn::Event& event);

}  // namespace gatehouse
