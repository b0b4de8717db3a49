#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/lexer.h"
#include "gatehouse/config/problems.h"

namespace gatehouse {

// One line of a configuration file, with the lines of the block that it opens.
struct Directive {
  std::vector<Token> words = {};  // none for the global block
  std::vector<Directive> block = {};
  bool has_block = false;
  Place place = {};
};

// The lines of a file at its top level: the global block, which has no words, and the site blocks.
// What braces are wrong is told as problems.
std::vector<Directive> read_directives(std::string_view text, const std::string& file,
                                       Problems& problems);

}  // namespace gatehouse
