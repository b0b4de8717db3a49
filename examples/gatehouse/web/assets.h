#pragma once

#include <string_view>

namespace gatehouse {

// Files that the pages load, compiled in from those beside this header.
std::string_view style_css();
std::string_view logo_svg();
std::string_view console_js();

}  // namespace gatehouse
