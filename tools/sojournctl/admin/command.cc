#include "sojournctl/admin/command.h"

#include <iostream>

namespace sojournctl {
namespace {

int fail(const absl::Status& status, int exit_status) {
  std::cerr << "sojournctl: " << status.message() << "\n";
  return exit_status;
}

}  // namespace

ExitStatus exit_status_of(const absl::Status& status) {
  if (status.ok()) return kDone;
  if (absl::IsInvalidArgument(status)) return kBadUsage;
  return absl::IsPermissionDenied(status) ? kNotAllowed : kFailed;
}

ExitStatus exit_status_of_connecting(const absl::Status& status) {
  return absl::IsPermissionDenied(status) ? kNotAllowed : kNotReached;
}

CLI::App* AdminCommands::add(const std::string& name, const std::string& description, Run run) {
  CLI::App* const command = app_.add_subcommand(name, description);
  connection_.add_to(*command);
  command->add_flag("--json", json_, "Print JSON");
  command->callback([this, run = std::move(run)] { status_ = this->run(run); });
  return command;
}

int AdminCommands::run(const Run& run) const {
  const absl::StatusOr<ConnectionOptions> options = connection_.options();
  if (!options.ok()) return fail(options.status(), kBadUsage);
  const absl::StatusOr<Connection> connection = Connection::open(*options);
  if (!connection.ok()) {
    return fail(connection.status(), exit_status_of_connecting(connection.status()));
  }
  const absl::StatusOr<int> status = run(*connection);
  if (!status.ok()) return fail(status.status(), exit_status_of(status.status()));
  return *status;
}

}  // namespace sojournctl
