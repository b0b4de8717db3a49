#pragma once

#include <CLI/App.hpp>

namespace sojournctl {

// `lb TARGET`: prints the configuration of a balancer. `app` outlives its parsing; `status` is set
// to an ExitStatus when the subcommand has run.
void add_lb_command(CLI::App& app, int& status);

}  // namespace sojournctl
