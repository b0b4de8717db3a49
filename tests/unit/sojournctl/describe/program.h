#pragma once

#include "sojournctl/describe/description.h"

namespace sojournctl {

// A small program with one of each: what quotes are for in its words, too.
inline ProgramDescription small_program() {
  ProgramDescription program;
  program.name = "tool";
  program.about = "Makes it so.";
  program.version = "1.2";
  program.options = {{.names = {"--version"}, .about = "Which one"}};
  program.commands = {
      {.name = "put",
       .about = "Puts a file: don't [ever] forget",
       .arguments = {{.value = "FILE", .required = true, .about = "Which file"}},
       .options = {{.names = {"--where", "-w"}, .value = "HOST:PORT", .about = "There"},
                   {.names = {"--key"}, .value = "FILE", .about = "A key"}}},
      {.name = "choose",
       .about = "Chooses",
       .arguments = {{.value = "KIND", .choices = {"red", "green"}, .about = "Which kind"}},
       .options = {{.names = {"--fast"}, .about = "At once", .standard = "no"}}},
  };
  return program;
}

}  // namespace sojournctl
