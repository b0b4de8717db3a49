#pragma once

#include <string>

namespace gatehouse {

// Reads one line from standard input. On a terminal it asks with `prompt` and shows nothing of what
// is typed.
std::string read_secret(const std::string& prompt);

}  // namespace gatehouse
