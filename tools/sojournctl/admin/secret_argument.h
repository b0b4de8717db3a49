#pragma once

#include <iostream>
#include <string>

namespace sojournctl {

// An argument that others on the machine should not read: "-" stands for a line of standard input.
inline std::string secret_argument(const std::string& given) {
  if (given != "-") return given;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

}  // namespace sojournctl
