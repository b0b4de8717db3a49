#pragma once

#include <string>

#include "sojournctl/describe/description.h"

namespace sojournctl {

// Scripts that let a shell complete the program's commands, options, their few values and files.
// Pure functions.
std::string bash_completion(const ProgramDescription& program);
std::string fish_completion(const ProgramDescription& program);
std::string zsh_completion(const ProgramDescription& program);

}  // namespace sojournctl
