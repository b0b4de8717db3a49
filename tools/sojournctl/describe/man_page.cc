#include "sojournctl/describe/man_page.h"

#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <cctype>

#include "sojournctl/admin/connection_arguments.h"
#include "sojournctl/exit_status.h"

namespace sojournctl {
namespace {

std::string plain(const std::string& text) {
  std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  // At the beginning of a line these would be requests.
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}
std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string slanted(const std::string& text) { return "\\fI" + plain(text) + "\\fR"; }

std::string sentence(const std::string& about) {
  return plain(about) + (about.ends_with('.') ? "\n" : ".\n");
}

std::string value_of(const OptionDescription& option) {
  if (!option.value.empty()) return option.value;
  return option.choices.empty() ? "" : "VALUE";
}

std::string paragraph(const OptionDescription& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(bold(name));
  std::string text = ".TP\n" + absl::StrJoin(names, ", ");
  const std::string value = value_of(option);
  if (!value.empty()) text += (names.empty() ? "" : " ") + slanted(value);
  text += "\n" + sentence(option.about);
  if (!option.choices.empty()) {
    text += "One of: " + plain(absl::StrJoin(option.choices, ", ")) + ".\n";
  }
  if (!option.standard.empty()) text += "By default: " + plain(option.standard) + ".\n";
  return text;
}

std::string command_section(const CommandDescription& command) {
  std::string text = ".SS " + bold(command.name);
  for (const OptionDescription& argument : command.arguments) {
    const std::string value = slanted(value_of(argument));
    text += argument.required ? " " + value : " [" + value + "]";
  }
  text += " [" + slanted("OPTION") + "...]\n" + sentence(command.about);
  for (const OptionDescription& argument : command.arguments) text += paragraph(argument);
  for (const OptionDescription& option : command.options) {
    const bool is_help = std::ranges::count(option.names, "--help") > 0;
    if (option.group != kConnectionGroup && !is_help) text += paragraph(option);
  }
  return text;
}

// The options that many commands have in common, as the first one that has them says.
std::string connection_section(const ProgramDescription& program) {
  for (const CommandDescription& command : program.commands) {
    std::string text;
    for (const OptionDescription& option : command.options) {
      if (option.group == kConnectionGroup) text += paragraph(option);
    }
    if (!text.empty()) return text;
  }
  return "";
}

}  // namespace

std::string man_page(const ProgramDescription& program) {
  std::string title = program.name;
  std::ranges::transform(title, title.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string about = program.about;
  if (about.ends_with('.')) about.pop_back();
  if (!about.empty())
    about[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(about[0])));

  std::string text = ".\\\" Written by: " + program.name + " man\n.TH " + title + " 1 \"\" \"" +
                     plain("sojourn " + program.version) + "\" \"" + "Sojourn\"\n";
  text += ".SH NAME\n" + plain(program.name) + " \\- " + plain(about) + "\n";
  text += ".SH SYNOPSIS\n" + bold(program.name) + " " + slanted("COMMAND") + " [" +
          slanted("ARGUMENT") + "...] [" + slanted("OPTION") + "...]\n";
  text += ".SH OPTIONS\n";
  for (const OptionDescription& option : program.options) text += paragraph(option);
  text += ".SH COMMANDS\n";
  for (const CommandDescription& command : program.commands) text += command_section(command);
  text += ".SH CONNECTION\nOf all commands that talk to a cluster:\n" + connection_section(program);
  text += ".SH EXIT STATUS\n";
  for (const ExitStatusMeaning& each : kExitStatuses) {
    text += ".TP\n" + bold(std::to_string(each.status)) + "\n" + sentence(std::string(each.about));
  }
  text += ".SH ENVIRONMENT\n";
  for (const EnvironmentVariable& each : kEnvironment) {
    text += ".TP\n" + bold(std::string(each.name)) + "\n" + sentence(std::string(each.about));
  }
  return text;
}

}  // namespace sojournctl
