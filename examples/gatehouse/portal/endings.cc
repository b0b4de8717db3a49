#include "gatehouse/portal/endings.h"

#include <absl/strings/str_format.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {
namespace {

using sojourn::Event;
using sojourn::EventKind;
using sojourn::RevokeReason;

// "session" or "login".
std::string_view what_it_is(const Event& event) {
  return event.phase == sojourn::Phase::kLogin ? "login" : "session";
}

// How it ended, as far as no page tells it.
std::string_view how_it_ended(const Event& event) {
  if (event.kind == EventKind::kExpired) return "expired";
  if (event.kind != EventKind::kRevoked) return {};
  switch (event.reason) {
    case RevokeReason::kLimit:
      return "ended for a newer one of its user";
    case RevokeReason::kMemory:
      return "ended to make room in memory";
    case RevokeReason::kSubject:
      return "ended with all of its user";
    case RevokeReason::kLabel:
      return "ended with all of its label";
    case RevokeReason::kNone:
    case RevokeReason::kRequested:
    case RevokeReason::kLastTab:
      break;
  }
  return {};
}

// "3, 7-12": the first of them, if they are many.
std::string listed(const std::vector<sojourn::SegmentRange>& ranges) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < ranges.size() && i < kShown; ++i) {
    text += absl::StrFormat("%s%d", i == 0 ? "" : ", ", ranges[i].first);
    if (ranges[i].last != ranges[i].first) text += absl::StrFormat("-%d", ranges[i].last);
  }
  return ranges.size() > kShown ? text + " and others" : text;
}

}  // namespace

std::optional<LogLine> line_of(const Event& event) {
  using sojourn::LogLevel;
  if (event.kind == EventKind::kMissed) {
    return LogLine{LogLevel::kWarning,
                   absl::StrFormat("events of the store were missed: %d; as many sessions may have "
                                   "ended without a line here",
                                   event.missed)};
  }
  if (event.kind == EventKind::kLost) {
    return LogLine{LogLevel::kWarning,
                   "all copies of these segments were lost, and with them whatever sessions were "
                   "there: " +
                       listed(event.lost)};
  }
  const std::string_view how = how_it_ended(event);
  if (how.empty()) return std::nullopt;
  std::string text = absl::StrFormat("%s %s: session %s", what_it_is(event), how, event.handle());
  if (!event.subject.empty()) text += ", user " + event.subject;
  return LogLine{LogLevel::kInfo, std::move(text)};
}

}  // namespace gatehouse
