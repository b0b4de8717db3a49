#include <absl/strings/str_join.h>

#include "sojournctl/describe/completion.h"

namespace sojournctl {
namespace {

// "status:--ca|status:--key": the options of all commands that `is_such` says yes to.
template <typename Condition>
std::string pattern(const ProgramDescription& program, Condition is_such) {
  std::vector<std::string> places;
  for (const CommandDescription& command : program.commands) {
    for (const OptionDescription& option : command.options) {
      if (!is_such(option)) continue;
      for (const std::string& name : option.names) places.push_back(command.name + ":" + name);
    }
  }
  return absl::StrJoin(places, "|");
}

std::vector<std::string> words_of(const std::vector<OptionDescription>& options) {
  std::vector<std::string> words;
  for (const OptionDescription& option : options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return words;
}

// The line that says what may follow the command. Its options where it has no arguments that can be
// completed, or a hyphen asks for them.
std::string after(const CommandDescription& command) {
  const std::string options = "words='" + absl::StrJoin(words_of(command.options), " ") + "'";
  for (const OptionDescription& argument : command.arguments) {
    std::string instead;
    if (argument.is_file()) instead = "files=yes";
    if (!argument.choices.empty()) {
      instead = "words='" + absl::StrJoin(argument.choices, " ") + "'";
    }
    if (!instead.empty()) return options + "; [[ $current == -* ]] || " + instead;
  }
  return options;
}

std::string names_of(const std::vector<CommandDescription>& commands, const char* between) {
  return absl::StrJoin(commands, between,
                       [](std::string* text, const auto& command) { *text += command.name; });
}

}  // namespace

std::string bash_completion(const ProgramDescription& program) {
  const std::string function = "_" + program.name;
  const std::string files = pattern(program, [](const auto& option) { return option.is_file(); });
  const std::string others = pattern(
      program, [](const auto& option) { return !option.value.empty() && !option.is_file(); });
  std::string text = "# bash completion for " + program.name + ": " + program.name +
                     " completion bash\n\n" + function + R"(() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command= words= files= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      )" + names_of(program.commands, "|") +
                     ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  text += "  case $command:$previous in\n    " + files + ")\n      files=yes ;;\n    " + others +
          ")\n      return ;;\n    *)\n      case $command in\n";
  text += "        '') words='" + names_of(program.commands, " ") + " " +
          absl::StrJoin(words_of(program.options), " ") + "' ;;\n";
  for (const CommandDescription& command : program.commands) {
    text += "        " + command.name + ") " + after(command) + " ;;\n";
  }
  text += R"(      esac ;;
  esac
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F )" +
          function + " " + program.name + "\n";
  return text;
}

}  // namespace sojournctl
