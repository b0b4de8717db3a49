#pragma once

#include <CLI/App.hpp>

namespace sojournctl {

// `completion SHELL` and `man`: print what shells and man(1) read about all commands of `app`,
// which outlives its parsing. `status` is set to an ExitStatus when one has run.
void add_describe_commands(CLI::App& app, int& status);

}  // namespace sojournctl
