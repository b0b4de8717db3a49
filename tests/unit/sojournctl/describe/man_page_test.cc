#include "sojournctl/describe/man_page.h"

#include "program.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the manual page has every command with its options", "[sojournctl]") {
  const std::string page = man_page(small_program());

  CHECK(has(page, ".TH TOOL 1 \"\" \"sojourn 1.2\""));
  CHECK(has(page, ".SH NAME\ntool \\- makes it so\n"));
  CHECK(has(page, ".SS \\fBput\\fR \\fIFILE\\fR [\\fIOPTION\\fR...]\n"));
  CHECK(has(page, "\\fB\\-\\-where\\fR, \\fB\\-w\\fR \\fIHOST:PORT\\fR\nThere.\n"));
  CHECK(has(page, "One of: red, green.\n"));
  CHECK(has(page, "By default: no.\n"));
}

TEST_CASE("options that commands have in common are told once", "[sojournctl]") {
  ProgramDescription program = small_program();
  const OptionDescription shared = {
      .names = {"--shared"}, .value = "FILE", .about = ".hidden", .group = "Connection"};
  for (CommandDescription& command : program.commands) command.options.push_back(shared);

  const std::string page = man_page(program);

  CHECK(page.find("\\-\\-shared") == page.rfind("\\-\\-shared"));
  CHECK(page.find("\\-\\-shared") > page.find(".SH CONNECTION"));
  // Not a request to the formatter.
  CHECK(has(page, "\n\\&.hidden.\n"));
}

TEST_CASE("the manual page tells exit statuses and the environment", "[sojournctl]") {
  const std::string page = man_page(small_program());

  CHECK(has(page, ".SH EXIT STATUS\n.TP\n\\fB0\\fR\n"));
  CHECK(has(page, "\\fB5\\fR\n"));
  CHECK(has(page, "SOJOURNCTL_TARGET"));
}

}  // namespace
}  // namespace sojournctl
