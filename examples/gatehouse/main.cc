#include <absl/synchronization/mutex.h>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "gatehouse/application.h"
#include "gatehouse/config/config.h"
#include "gatehouse/log.h"
#include "gatehouse/terminal.h"
#include "gatehouse/users/password.h"

namespace {

using gatehouse::log_line;
using sojourn::LogLevel;

struct Arguments {
  std::string config = "Caddyfile";
  gatehouse::ConfigOverrides overrides = {};
  bool check = false;
  int cost = 10;
};

int print_password_hash(int cost) {
  const auto hash = gatehouse::hash_password(gatehouse::read_secret("Password: "), cost);
  if (!hash.ok()) {
    std::cerr << "gatehouse: " << hash.status().message() << "\n";
    return 1;
  }
  std::cout << *hash << "\n";
  return 0;
}

std::string url_of(const asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

// Everything that can be checked without a network.
bool is_sound(const gatehouse::Config& config, gatehouse::Problems& problems) {
  if (problems.empty()) gatehouse::check_store_files(config, problems);
  for (const std::string& line : problems.lines()) std::cerr << line << "\n";
  if (!problems.empty()) return false;
  for (const gatehouse::PortalConfig& portal : config.portals) {
    if (const auto users = gatehouse::load_users(config, portal); !users.ok()) {
      std::cerr << users.status().message() << "\n";
      return false;
    }
  }
  return true;
}

int serve(gatehouse::Config config) {
  const unsigned thread_count = config.threads;
  asio::io_context io(static_cast<int>(thread_count));
  auto application = gatehouse::Application::start(io, std::move(config));
  if (!application.ok()) {
    log_line(LogLevel::kError, std::string(application.status().message()));
    return 1;
  }
  for (const auto& endpoint : (*application)->endpoints()) {
    log_line(LogLevel::kInfo, "listening on " + url_of(endpoint));
  }
  for (const auto& endpoint : (*application)->operator_endpoints()) {
    log_line(LogLevel::kInfo, "listening for operators on " + url_of(endpoint));
  }

  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&application, &signals](asio::error_code error, int) {
    if (error) return;
    (*application)->stop([&signals] { signals.cancel(); });
    // Whoever asks twice wants it now.
    signals.async_wait([](asio::error_code again, int) {
      if (again) return;
      log_line(LogLevel::kWarning, "stopped at once, as asked twice");
      std::_Exit(1);
    });
  });

  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < thread_count; ++i) threads.emplace_back([&io] { io.run(); });
    io.run();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Gatehouse: an auth server whose replicas share their sessions.");
  app.add_option("-c,--config", arguments.config, "Configuration file")->capture_default_str();
  app.add_flag("--check", arguments.check, "Check the configuration and exit");
  app.add_option("--node", arguments.overrides.node, "This member's name, instead of the file's");
  app.add_option("--listen", arguments.overrides.listen,
                 "Address to serve HTTP on, instead of the file's: HOST:PORT (may be repeated)");
  auto* hash = app.add_subcommand("hash-password",
                                  "Read a password and print its hash for the configuration");
  hash->add_option("--cost", arguments.cost, "bcrypt's cost: each step doubles the time")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  if (hash->parsed()) return print_password_hash(arguments.cost);

  gatehouse::Problems problems;
  gatehouse::Config config =
      gatehouse::load_config(arguments.config, arguments.overrides, problems);
  if (!is_sound(config, problems)) return 1;
  if (arguments.check) {
    std::cout << arguments.config << ": valid\n";
    return 0;
  }
  // Debian builds Abseil with a check that gRPC pays for in each frame: docs/performance.md.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // A client that goes away while it is answered is an error of that write, not the end of the
  // program.
  std::signal(SIGPIPE, SIG_IGN);
  return serve(std::move(config));
}
