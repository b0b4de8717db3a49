#include "sojournctl/lb/lb_command.h"

#include <absl/status/status.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sojournctl/admin/command.h"
#include "sojournctl/exit_status.h"
#include "sojournctl/lb/balancer.h"
#include "sojournctl/lb/running_cluster.h"

namespace sojournctl {
namespace {

// As they stand on the command line.
struct Arguments {
  std::string target;
  std::vector<std::string> nodes;
  std::vector<std::string> drained;
  ConnectionArguments connection;
  std::uint16_t port = 0;
  std::string listen;
  std::string application;
  std::string portal = ForwardAuth().portal;
  Balancer balancer;
  int connect_timeout = 1;
  int read_timeout = 5;
  std::string output;
  bool json = false;
  bool list = false;
};

absl::Status drain(ClusterDescription& cluster, const std::string& name) {
  const auto node = std::ranges::find(cluster.nodes, name, &Node::name);
  if (node == cluster.nodes.end()) {
    return absl::InvalidArgumentError("--drain '" + name + "' is the name of no node");
  }
  node->drained = true;
  return absl::OkStatus();
}

// Whether a cluster is to be asked for its nodes. Who lists them all asks for it on the command
// line or not at all, whatever the environment says for other commands.
bool asks_cluster(const Arguments& arguments) {
  return arguments.connection.is_given_target() ||
         (arguments.nodes.empty() && arguments.connection.names_target());
}

// `members`: of the cluster that was asked, if one was.
absl::StatusOr<Balancer> balancer_of(const Arguments& arguments, const v1::Snapshot* members) {
  Balancer balancer = arguments.balancer;
  for (const std::string& text : arguments.nodes) {
    auto node = Node::parse(text);
    if (!node.ok()) return node.status();
    balancer.cluster.nodes.push_back(*std::move(node));
  }
  if (members) {
    const absl::Status status = add_members(*members, arguments.port, balancer.cluster);
    if (!status.ok()) return status;
  }
  for (const std::string& name : arguments.drained) {
    if (const absl::Status status = drain(balancer.cluster, name); !status.ok()) return status;
  }
  if (!arguments.listen.empty()) {
    const auto listen = Address::parse(arguments.listen, /*host_may_be_empty=*/true);
    if (!listen.ok()) return listen.status();
    balancer.listen = *listen;
  }
  if (!arguments.application.empty()) {
    const auto application = Address::parse(arguments.application);
    if (!application.ok()) return application.status();
    balancer.forward_auth = ForwardAuth{*application, arguments.portal};
  }
  balancer.connect_timeout = std::chrono::seconds(arguments.connect_timeout);
  balancer.read_timeout = std::chrono::seconds(arguments.read_timeout);
  return balancer;
}

nlohmann::ordered_json facts_of(const Target& target) {
  return {{"target", target.name},
          {"about", target.about},
          {"tested", target.is_tested},
          {"follows_cookie", target.follows_cookie},
          {"forward_auth", target.has_forward_auth}};
}

int fail(ExitStatus status, std::string_view message) {
  std::cerr << "sojournctl lb: " << message << "\n";
  return status;
}

std::string target_list(bool json) {
  if (json) {
    auto list = nlohmann::ordered_json::array();
    for (const Target& target : targets()) list.push_back(facts_of(target));
    return list.dump(2) + "\n";
  }
  std::string text;
  for (const Target& target : targets()) {
    std::string line(target.name);
    line.resize(16, ' ');
    text += line + std::string(target.about) + (target.is_tested ? "" : " (not run here)") + "\n";
  }
  return text;
}

int print(const std::string& text, const std::string& file) {
  if (file.empty()) {
    std::cout << text << std::flush;
    return std::cout ? kDone : fail(kFailed, "standard output cannot be written");
  }
  std::ofstream output(file, std::ios::binary);
  output << text << std::flush;
  return output ? kDone
                : fail(kFailed, "file '" + file + "' cannot be written: " + std::strerror(errno));
}

int run(const Arguments& arguments) {
  if (arguments.list) return print(target_list(arguments.json), arguments.output);
  if (arguments.target.empty()) {
    return fail(kBadUsage, "which balancer? --list says which there are");
  }
  const auto target = target_named(arguments.target);
  if (!target.ok()) return fail(kBadUsage, std::string(target.status().message()));
  std::optional<Connection> connection;
  if (asks_cluster(arguments)) {
    const auto options = arguments.connection.options();
    if (!options.ok()) return fail(kBadUsage, std::string(options.status().message()));
    auto opened = Connection::open(*options);
    if (!opened.ok()) {
      return fail(exit_status_of_connecting(opened.status()),
                  std::string(opened.status().message()));
    }
    connection = *std::move(opened);
  }
  const auto balancer = balancer_of(arguments, connection ? &connection->snapshot() : nullptr);
  if (!balancer.ok()) return fail(kBadUsage, std::string(balancer.status().message()));
  const auto text = write_configuration(*target, *balancer);
  if (!text.ok()) return fail(kBadUsage, std::string(text.status().message()));
  if (!arguments.json) return print(*text, arguments.output);

  auto json = facts_of(*target);
  json["configuration"] = *text;
  return print(json.dump(2) + "\n", arguments.output);
}

}  // namespace

void add_lb_command(CLI::App& app, int& status) {
  auto* const command =
      app.add_subcommand("lb", "Print the configuration of a load balancer for a cluster");
  const auto arguments = std::make_shared<Arguments>();
  Balancer& balancer = arguments->balancer;
  std::string kinds;
  for (const Target& target : targets()) {
    kinds += (kinds.empty() ? "" : ",") + std::string(target.name);
  }
  command->add_option("BALANCER", arguments->target, "Which kind; --list says more of each")
      ->type_name("{" + kinds + "}");
  command->add_flag("--list", arguments->list, "List the kinds of balancers");
  command
      ->add_option("--node", arguments->nodes,
                   "A server (repeated); beside --target, a member that answers users elsewhere")
      ->allow_extra_args(false)
      ->type_name("NAME=HOST:PORT");
  command
      ->add_option("--port", arguments->port,
                   "With --target: the port at which members answer users, each at the host of its "
                   "address")
      ->type_name("PORT");
  command
      ->add_option("--drain", arguments->drained,
                   "This node keeps its sessions and gets nobody new (may be repeated)")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command->add_option("--cookie", balancer.cluster.cookie, "The name of the session cookie")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--health-path", balancer.cluster.health_path,
                   "Answers 200 when a node may be sent requests")
      ->type_name("PATH")
      ->capture_default_str();
  command->add_option("--listen", arguments->listen, "Where the balancer listens")
      ->type_name("[HOST]:PORT");
  command->add_option("--host", balancer.host, "The host in browsers' addresses")
      ->type_name("HOST");
  command->add_option("--service", balancer.service, "What to call the group of nodes")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--connect-timeout", arguments->connect_timeout,
                   "How long connecting to a node may take")
      ->type_name("SECONDS")
      ->capture_default_str();
  command
      ->add_option("--read-timeout", arguments->read_timeout,
                   "How long a node may take for an answer")
      ->type_name("SECONDS")
      ->capture_default_str();
  command->add_flag("--show-node", balancer.show_node,
                    "Answers say in X-Answered-By which node gave them");
  command
      ->add_option("--forward-auth", arguments->application,
                   "An application whose users the nodes know (caddy, nginx)")
      ->type_name("HOST:PORT");
  command
      ->add_option("--portal", arguments->portal,
                   "With --forward-auth: where the pages for signing in are")
      ->type_name("PATH")
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "Write to this file")->type_name("FILE");
  command->add_flag("--json", arguments->json, "Print JSON, with the configuration as a string");
  arguments->connection.add_to(*command);
  command->callback([arguments, &status] { status = run(*arguments); });
}

}  // namespace sojournctl
