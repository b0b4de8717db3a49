#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/problems.h"

namespace gatehouse {

// One word of a configuration file.
struct Token {
  std::string text = {};
  Place place = {};
  // Quoted words are never braces, however they look.
  bool quoted = false;

  bool is_brace(char brace) const { return !quoted && text.size() == 1 && text[0] == brace; }
};

// Splits text into words as Caddy does: blanks separate, "..." keeps blanks and knows \" and \\,
// `...` keeps everything, # at the start of a word begins a comment, \ at the end of a line joins
// it with the next. In words that are not in backquotes {env.NAME} and {$NAME} become the
// environment variable, {$NAME:default} with a default, and {file.PATH} the file's text without the
// line break at its end; one that does not exist is a problem, since an empty secret would be a bad
// surprise.
//
// `file` is the name that places mention.
std::vector<Token> read_tokens(std::string_view text, const std::string& file, Problems& problems);

}  // namespace gatehouse
