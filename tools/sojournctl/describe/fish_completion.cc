#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "sojournctl/describe/completion.h"

namespace sojournctl {
namespace {

std::string quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

// What says where a line of the script counts.
std::string condition(const std::string& command) {
  return command.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + command;
}

std::string option_line(const std::string& program, const std::string& command,
                        const OptionDescription& option) {
  std::string line = "complete -c " + program + " -n " + quoted(condition(command));
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.value.empty() || !option.choices.empty()) line += option.is_file() ? " -r -F" : " -x";
  if (!option.choices.empty()) line += " -a " + quoted(absl::StrJoin(option.choices, " "));
  return line + " -d " + quoted(option.about) + "\n";
}

}  // namespace

std::string fish_completion(const ProgramDescription& program) {
  const std::string complete = "complete -c " + program.name;
  std::string text = "# fish completion for " + program.name + ": " + program.name +
                     " completion fish\n\n" + complete + " -f\n";
  for (const OptionDescription& option : program.options) {
    text += option_line(program.name, "", option);
  }
  for (const CommandDescription& command : program.commands) {
    text += "\n" + complete + " -n " + quoted(condition("")) + " -a " + command.name + " -d " +
            quoted(command.about) + "\n";
    for (const OptionDescription& argument : command.arguments) {
      const std::string here = complete + " -n " + quoted(condition(command.name));
      if (argument.is_file()) text += here + " -F\n";
      if (argument.choices.empty()) continue;
      text += here + " -a " + quoted(absl::StrJoin(argument.choices, " ")) + "\n";
    }
    for (const OptionDescription& option : command.options) {
      text += option_line(program.name, command.name, option);
    }
  }
  return text;
}

}  // namespace sojournctl
