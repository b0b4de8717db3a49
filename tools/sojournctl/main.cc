#include <sojourn/library_version.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

#include "sojournctl/admin/commands.h"
#include "sojournctl/describe/describe_commands.h"
#include "sojournctl/exit_status.h"
#include "sojournctl/lb/lb_command.h"

// Puts the subcommands together. Each one adds itself with its options, and sets `status` when it
// has run.
int main(int argc, char** argv) {
  // What goes wrong is said by the commands; gRPC would say it again, at length.
  constexpr int kOverwrite = 0;
  setenv("GRPC_VERBOSITY", "NONE", kOverwrite);

  CLI::App app("What operators of Sojourn clusters need.", "sojournctl");
  app.set_version_flag("--version", std::string(sojourn::kLibraryVersion));
  app.require_subcommand(1);
  int status = sojournctl::kDone;

  sojournctl::AdminCommands commands(app, status);
  sojournctl::add_admin_commands(commands);
  sojournctl::add_lb_command(app, status);
  sojournctl::add_describe_commands(app, status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? sojournctl::kDone : sojournctl::kBadUsage;
  }
  return status;
}
