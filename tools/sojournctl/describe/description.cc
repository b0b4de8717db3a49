#include "sojournctl/describe/description.h"

#include <sojourn/library_version.h>

#include <CLI/CLI.hpp>

namespace sojournctl {
namespace {

// The library writes "FILE", "TEXT:{bash,zsh}" or "{haproxy,nginx}".
void read_type(const std::string& type, OptionDescription& option) {
  const std::size_t brace = type.find('{');
  option.value = type.substr(0, brace);
  if (option.value.ends_with(':')) option.value.pop_back();
  if (brace == std::string::npos) return;
  option.choices = CLI::detail::split(type.substr(brace + 1, type.find('}') - brace - 1), ',');
}

OptionDescription describe(const CLI::Option& option) {
  OptionDescription described;
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  const bool is_flag = option.get_items_expected_max() == 0;
  if (!is_flag) read_type(option.get_type_name(), described);
  if (described.names.empty()) described.value = option.get_name(true);
  described.repeats = option.get_expected_max() > 1;
  described.required = option.get_required();
  described.about = option.get_description();
  described.standard = option.get_default_str();
  described.group = option.get_group();
  return described;
}

CommandDescription describe_command(const CLI::App& command) {
  CommandDescription described;
  described.name = command.get_name();
  described.about = command.get_description();
  for (const CLI::Option* const option : command.get_options()) {
    OptionDescription one = describe(*option);
    auto& list = one.names.empty() ? described.arguments : described.options;
    list.push_back(std::move(one));
  }
  return described;
}

}  // namespace

ProgramDescription describe(const CLI::App& app) {
  ProgramDescription described;
  described.name = app.get_name();
  described.about = app.get_description();
  described.version = std::string(sojourn::kLibraryVersion);
  described.options = describe_command(app).options;
  for (const CLI::App* const command : app.get_subcommands({})) {
    described.commands.push_back(describe_command(*command));
  }
  return described;
}

}  // namespace sojournctl
