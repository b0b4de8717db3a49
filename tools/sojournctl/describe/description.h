#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace sojournctl {

// What the command-line library knows of the program, as plain values: completion and the manual
// page are made of it, so that they say what --help says.

// An option, a flag or an argument.
struct OptionDescription {
  // "--target", "-t"; none for an argument, which is told by its place.
  std::vector<std::string> names = {};
  // What stands for its value: "HOST:PORT". Empty for a flag.
  std::string value = {};
  // All values that it may have, if they are few.
  std::vector<std::string> choices = {};
  bool repeats = false;
  bool required = false;
  std::string about = {};
  // Without the option; empty if nothing.
  std::string standard = {};
  // The heading that it stands under.
  std::string group = {};

  bool is_file() const { return value == "FILE"; }
};

struct CommandDescription {
  std::string name = {};
  std::string about = {};
  std::vector<OptionDescription> arguments = {};
  std::vector<OptionDescription> options = {};
};

struct ProgramDescription {
  std::string name = {};
  std::string about = {};
  std::string version = {};
  std::vector<OptionDescription> options = {};
  std::vector<CommandDescription> commands = {};
};

ProgramDescription describe(const CLI::App& app);

}  // namespace sojournctl
