#pragma once

#include <string>

#include "sojournctl/describe/description.h"

namespace sojournctl {

// The manual page, in the language of man(7). Pure.
std::string man_page(const ProgramDescription& program);

}  // namespace sojournctl
