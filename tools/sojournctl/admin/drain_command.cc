#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sojournctl/admin/commands.h"

namespace sojournctl {
namespace {

struct Arguments {
  std::string name = {};
  double wait_seconds = 30;
};

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  const auto member = connection.to_member(arguments.name);
  if (!member.ok()) return member.status();
  const std::chrono::milliseconds wait(static_cast<std::int64_t>(arguments.wait_seconds * 1000));
  v1::DrainRequest request;
  request.set_timeout_ms(static_cast<std::uint32_t>(wait.count()));
  const auto reply = member->call(&Connection::Stub::Drain, request, wait);
  if (!reply.ok()) return reply.status();
  if (json) {
    const nlohmann::ordered_json told = {{"member", arguments.name}, {"left", true}};
    std::cout << told.dump(2) << "\n";
  } else {
    std::cout << "Member " << arguments.name << " has left the cluster and may be stopped.\n";
  }
  return kDone;
}

}  // namespace

void add_drain_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      commands.add("drain", "Let a member hand over what it holds and leave the cluster",
                   [&commands, arguments](const Connection& connection) {
                     return run(connection, *arguments, commands.json());
                   });
  command->add_option("NAME", arguments->name, "The member")->required();
  command->add_option("--wait", arguments->wait_seconds, "How long to wait for it")
      ->type_name("SECONDS")
      ->check(between(0.1, 86400.0))
      ->capture_default_str();
}

}  // namespace sojournctl
