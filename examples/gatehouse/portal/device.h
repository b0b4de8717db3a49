#pragma once

#include <string>
#include <string_view>

namespace gatehouse {

// Browser and system in a few words, by what the browser says of itself in User-Agent: "Firefox on
// Linux". For people who ask themselves "was that me?"; anybody can say anything there, so nothing
// is decided by it. What is not known is called so, and nothing of the text itself is repeated.
std::string device_of(std::string_view user_agent);

}  // namespace gatehouse
