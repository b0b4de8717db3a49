#include "sojournctl/describe/describe_commands.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "sojournctl/describe/completion.h"
#include "sojournctl/describe/description.h"
#include "sojournctl/describe/man_page.h"
#include "sojournctl/exit_status.h"

namespace sojournctl {
namespace {

int print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? kDone : kFailed;
}

std::string completion(const std::string& shell, const ProgramDescription& program) {
  if (shell == "bash") return bash_completion(program);
  return shell == "zsh" ? zsh_completion(program) : fish_completion(program);
}

}  // namespace

void add_describe_commands(CLI::App& app, int& status) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const completing =
      app.add_subcommand("completion", "Print a script that lets a shell complete this program");
  completing->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completing->callback(
      [&app, &status, shell] { status = print(completion(*shell, describe(app))); });
  app.add_subcommand("man", "Print the manual page")->callback([&app, &status] {
    status = print(man_page(describe(app)));
  });
}

}  // namespace sojournctl
