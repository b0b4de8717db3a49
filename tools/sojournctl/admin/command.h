#pragma once

#include <absl/status/status.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "sojournctl/admin/connection.h"
#include "sojournctl/admin/connection_arguments.h"
#include "sojournctl/admin/number_check.h"
#include "sojournctl/exit_status.h"

namespace sojournctl {

// The subcommands that talk to a cluster: what they share, and how one is added. Outlives the
// parsing of the command line.
class AdminCommands {
 public:
  // `status` is set when a command has run.
  AdminCommands(CLI::App& app, int& status) : app_(app), status_(status) {}

  // Runs with a member that answered; what it returns is the program's exit status, and the reason
  // goes to standard error.
  using Run = std::function<absl::StatusOr<int>(const Connection& connection)>;

  // A subcommand with the options of the connection and --json.
  CLI::App* add(const std::string& name, const std::string& description, Run run);

  // Whether the answer is to be JSON: of the command that runs.
  bool json() const { return json_; }
  std::chrono::milliseconds timeout() const { return connection_.timeout(); }

 private:
  int run(const Run& run) const;

  CLI::App& app_;
  int& status_;
  ConnectionArguments connection_;
  bool json_ = false;
};

// What a script is told of a status that is not OK.
ExitStatus exit_status_of(const absl::Status& status);
// The same of a connection that could not be opened.
ExitStatus exit_status_of_connecting(const absl::Status& status);

}  // namespace sojournctl
