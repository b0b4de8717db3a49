#include "sojournctl/admin/command.h"

#include <cstdlib>
#include <iostream>

namespace sojournctl {
namespace {

int fail(const absl::Status& status, int exit_status) {
  std::cerr << "sojournctl: " << status.message() << "\n";
  return exit_status;
}

void take_from_environment(const char* name, std::string& value) {
  const char* const given = std::getenv(name);
  if (value.empty() && given) value = given;
}

}  // namespace

ExitStatus exit_status_of(const absl::Status& status) {
  if (status.ok()) return kDone;
  if (absl::IsInvalidArgument(status)) return kBadUsage;
  return absl::IsPermissionDenied(status) ? kNotAllowed : kFailed;
}

CLI::App* AdminCommands::add(const std::string& name, const std::string& description, Run run) {
  CLI::App* const command = app_.add_subcommand(name, description);
  const std::string group = "Connection";
  command
      ->add_option("-t,--target", connection_.targets,
                   "A member to ask, HOST:PORT where it listens for the others; repeat it, and the "
                   "first one that answers is asked")
      ->delimiter(',')
      ->group(group);
  command->add_option("--ca", connection_.ca, "The authority of the members' certificates (PEM)")
      ->group(group);
  command->add_option("--cert", connection_.certificate, "Your certificate (PEM)")->group(group);
  command->add_option("--key", connection_.key, "Its key (PEM)")->group(group);
  command->add_option("--cluster", connection_.cluster, "The cluster's name, as in certificates")
      ->capture_default_str()
      ->group(group);
  command
      ->add_flag("--insecure", connection_.insecure,
                 "Plain text, to members on this machine that talk in plain text")
      ->group(group);
  command->add_option("--timeout", timeout_seconds_, "How long one answer may take, in seconds")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str()
      ->group(group);
  command->add_flag("--json", json_, "Print JSON");
  command->callback([this, run = std::move(run)] { status_ = this->run(run); });
  return command;
}

int AdminCommands::run(const Run& run) const {
  ConnectionOptions options = connection_;
  options.timeout = timeout();
  take_from_environment("SOJOURNCTL_CA", options.ca);
  take_from_environment("SOJOURNCTL_CERT", options.certificate);
  take_from_environment("SOJOURNCTL_KEY", options.key);
  if (options.targets.empty()) {
    std::string targets;
    take_from_environment("SOJOURNCTL_TARGET", targets);
    options.targets = CLI::detail::split(targets, ',');
    std::erase(options.targets, "");
  }
  // What stands there is for clusters with certificates.
  if (options.insecure && connection_.ca.empty() && connection_.certificate.empty() &&
      connection_.key.empty()) {
    options.ca = options.certificate = options.key = "";
  }
  if (absl::Status status = check(options); !status.ok()) return fail(status, kBadUsage);
  const absl::StatusOr<Connection> connection = Connection::open(options);
  if (!connection.ok()) {
    return fail(connection.status(),
                absl::IsPermissionDenied(connection.status()) ? kNotAllowed : kNotReached);
  }
  const absl::StatusOr<int> status = run(*connection);
  if (!status.ok()) return fail(status.status(), exit_status_of(status.status()));
  return *status;
}

}  // namespace sojournctl
