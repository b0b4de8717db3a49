#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace beast_example {

// The first field of that name in an application/x-www-form-urlencoded body; nothing if there is
// none, or if its value is not well encoded.
std::optional<std::string> form_field(std::string_view body, std::string_view name);

}  // namespace beast_example
