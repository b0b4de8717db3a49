#include "sojournctl/describe/completion.h"

#include <CLI/CLI.hpp>

#include "program.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a description says what the command line says", "[sojournctl]") {
  CLI::App app("About it", "tool");
  std::string text;
  std::vector<std::string> list;
  bool flag = false;
  CLI::App* const command = app.add_subcommand("put", "Puts it");
  command->add_option("FILE", text, "Which")->required();
  command->add_option("-n,--names", list, "Whose")->type_name("NAME")->group("Others");
  command->add_option("--kind", text, "Which kind")->check(CLI::IsMember({"red", "green"}));
  command->add_flag("--fast", flag, "At once");

  const ProgramDescription program = describe(app);

  CHECK(program.name == "tool");
  REQUIRE(program.commands.size() == 1);
  const CommandDescription& put = program.commands[0];
  REQUIRE(put.arguments.size() == 1);
  CHECK(put.arguments[0].is_file());
  CHECK(put.arguments[0].required);
  REQUIRE(put.options.size() == 4);  // --help is one
  CHECK(put.options[1].names == std::vector<std::string>{"--names", "-n"});
  CHECK(put.options[1].value == "NAME");
  CHECK(put.options[1].repeats);
  CHECK(put.options[1].group == "Others");
  CHECK(put.options[2].choices == std::vector<std::string>{"red", "green"});
  CHECK(put.options[3].value.empty());
  CHECK_FALSE(put.options[3].repeats);
}

TEST_CASE("bash is told commands, options, values and where files stand", "[sojournctl]") {
  const std::string script = bash_completion(small_program());

  CHECK(has(script, "'') words='put choose --version' ;;"));
  CHECK(has(script, "put) words='--where -w --key'; [[ $current == -* ]] || files=yes ;;"));
  CHECK(has(script, "choose) words='--fast'; [[ $current == -* ]] || words='red green' ;;"));
  CHECK(has(script, "    put:--key)\n"));
  CHECK(has(script, "    put:--where|put:-w)\n"));
}

TEST_CASE("zsh is told descriptions that mean nothing else to it", "[sojournctl]") {
  const std::string script = zsh_completion(small_program());

  CHECK(script.find("#compdef tool\n") == 0);
  CHECK(has(script, R"('put:Puts a file\: don'\''t \[ever\] forget')"));
  CHECK(has(script, R"('(--where -w)--where[There]:HOST\:PORT:()')"));
  CHECK(has(script, "'1:FILE:_files'"));
  CHECK(has(script, "'1:KIND:(red green)'"));
}

TEST_CASE("fish is told each command with its options", "[sojournctl]") {
  const std::string script = fish_completion(small_program());

  CHECK(has(script, R"(-n '__fish_use_subcommand' -a put -d 'Puts a file: don\'t [ever] forget')"));
  CHECK(has(script, "-n '__fish_seen_subcommand_from put' -l where -s w -x -d 'There'"));
  CHECK(has(script, "-n '__fish_seen_subcommand_from put' -l key -r -F -d 'A key'"));
  CHECK(has(script, "-n '__fish_seen_subcommand_from choose' -a 'red green'"));
}

}  // namespace
}  // namespace sojournctl
