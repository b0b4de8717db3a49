#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sojourn {

// "1 session", "2 sessions": for words that people read. The noun's plural ends in s.
inline std::string counted(std::uint64_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace sojourn
