#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/console/observation.h"
#include "gatehouse/web/html.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {

// A part of the console that changes by itself: what the element with that id holds.
struct ConsolePart {
  std::string_view id = {};
  Markup content = {};
};

// All of them, in the order of the page.
std::vector<ConsolePart> console_parts(const Observation& observation);

// The console: those parts, headings around them, and a form that leads to the sessions of
// somebody. A script keeps the parts as they are now; without it they are as they were. `time` is
// when that was.
Markup console_page(const PageBase& base, const Observation& observation, const std::string& time);

}  // namespace gatehouse
