#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace gatehouse {

// A moment as an attribute of a session keeps it: the seconds since 1970.
std::string noted_time(std::chrono::system_clock::time_point time);

// The moment that was noted; `otherwise` if nothing was. Only this program writes such attributes,
// so text that is none of its own counts as nothing.
std::chrono::system_clock::time_point read_noted_time(
    std::string_view text, std::chrono::system_clock::time_point otherwise);

}  // namespace gatehouse
