#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "sojournctl/describe/completion.h"

namespace sojournctl {
namespace {

// For single quotes, and for where _arguments gives meaning to brackets and colons.
std::string escaped(const std::string& text) {
  return absl::StrReplaceAll(
      text, {{"\\", "\\\\"}, {"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

// ":HOST\:PORT:" and what completes it.
std::string value_spec(const OptionDescription& option) {
  if (option.value.empty() && option.choices.empty()) return "";
  // An empty list, and not a message: that would keep zsh from inserting what else it finds.
  std::string action = option.is_file() ? "_files" : "()";
  if (!option.choices.empty()) action = "(" + absl::StrJoin(option.choices, " ") + ")";
  return ":" + escaped(option.value.empty() ? "value" : option.value) + ":" + action;
}

// A line of _arguments for each name of the option.
std::string option_specs(const OptionDescription& option) {
  std::string lines;
  for (const std::string& name : option.names) {
    const std::string once = option.repeats ? "*" : "(" + absl::StrJoin(option.names, " ") + ")";
    lines += " \\\n        '" + once + name + "[" + escaped(option.about) + "]" +
             value_spec(option) + "'";
  }
  return lines;
}

}  // namespace

std::string zsh_completion(const ProgramDescription& program) {
  const std::string function = "_" + program.name;
  std::string text = "#compdef " + program.name + "\n# zsh completion for " + program.name + ": " +
                     program.name + " completion zsh\n\n" + function +
                     "() {\n  local curcontext=$curcontext state line\n  local -a commands\n"
                     "  commands=(\n";
  for (const CommandDescription& command : program.commands) {
    text += "    '" + command.name + ":" + escaped(command.about) + "'\n";
  }
  text += "  )\n  _arguments -C";
  for (const OptionDescription& option : program.options) text += option_specs(option);
  text +=
      " \\\n        '1:command:->command' '*::argument:->argument'\n  case $state in\n"
      "    command) _describe command commands ;;\n    argument)\n      case $words[1] in\n";
  for (const CommandDescription& command : program.commands) {
    text += "      " + command.name + ")\n        _arguments";
    for (const OptionDescription& option : command.options) text += option_specs(option);
    for (const OptionDescription& argument : command.arguments) {
      text += " \\\n        '1" + value_spec(argument) + "'";
    }
    text += " ;;\n";
  }
  text += "      esac ;;\n  esac\n}\n\n";
  // As a file of $fpath it is the function's body; when it is read by hand it only defines it.
  text += "if [[ $funcstack[1] == " + function + " ]]; then\n  " + function +
          " \"$@\"\nelse\n  compdef " + function + " " + program.name + "\nfi\n";
  return text;
}

}  // namespace sojournctl
