#include "sojournctl/admin/connection_arguments.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "sojournctl/admin/number_check.h"

namespace sojournctl {
namespace {

std::string from_environment(const char* name) {
  const char* const given = std::getenv(name);
  return given ? given : "";
}

void complete(std::string& value, const char* name) {
  if (value.empty()) value = from_environment(name);
}

}  // namespace

void ConnectionArguments::add_to(CLI::App& command) {
  const std::string group(kConnectionGroup);
  command
      .add_option("-t,--target", given_.targets,
                  "A member to ask, where it listens for the others; repeat it, and the first one "
                  "that answers is asked")
      ->delimiter(',')
      // One for each time it is named: what follows is the command's.
      ->allow_extra_args(false)
      ->type_name("HOST:PORT")
      ->group(group);
  command.add_option("--ca", given_.ca, "The authority of the members' certificates (PEM)")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--cert", given_.certificate, "Your certificate (PEM)")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--key", given_.key, "Its key (PEM)")->type_name("FILE")->group(group);
  command.add_option("--cluster", given_.cluster, "The cluster's name, as in certificates")
      ->envname("SOJOURNCTL_CLUSTER")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--insecure", given_.insecure,
                "Plain text, to members on this machine that talk in plain text")
      ->group(group);
  command.add_option("--timeout", timeout_seconds_, "How long one answer may take")
      ->type_name("SECONDS")
      ->check(between(0.1, 3600.0))
      ->capture_default_str()
      ->group(group);
}

bool ConnectionArguments::names_target() const {
  return is_given_target() || !from_environment("SOJOURNCTL_TARGET").empty();
}

absl::StatusOr<ConnectionOptions> ConnectionArguments::options() const {
  ConnectionOptions options = given_;
  options.timeout = timeout();
  if (options.targets.empty()) {
    options.targets = CLI::detail::split(from_environment("SOJOURNCTL_TARGET"), ',');
    std::erase(options.targets, "");
  }
  // The environment's are for clusters with certificates.
  if (!options.insecure) {
    complete(options.ca, "SOJOURNCTL_CA");
    complete(options.certificate, "SOJOURNCTL_CERT");
    complete(options.key, "SOJOURNCTL_KEY");
  }
  if (absl::Status status = check(options); !status.ok()) return status;
  return options;
}

std::chrono::milliseconds ConnectionArguments::timeout() const {
  return std::chrono::milliseconds(static_cast<std::int64_t>(timeout_seconds_ * 1000));
}

}  // namespace sojournctl
