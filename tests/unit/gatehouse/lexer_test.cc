#include "gatehouse/config/lexer.h"

#include <cstdlib>

#include "support/catch.h"

namespace gatehouse {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  Problems problems;
  std::vector<std::string> words;
  for (const Token& token : read_tokens(text, "Caddyfile", problems)) words.push_back(token.text);
  REQUIRE(problems.lines() == std::vector<std::string>());
  return words;
}

std::vector<std::string> problems_of(std::string_view text) {
  Problems problems;
  read_tokens(text, "Caddyfile", problems);
  return problems.lines();
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("words of a configuration are separated by blanks", "[gatehouse][config]") {
  CHECK(words_of("a  b\tc\r\nd") == Words{"a", "b", "c", "d"});
  CHECK(words_of("").empty());
}

TEST_CASE("a comment begins at the start of a word only", "[gatehouse][config]") {
  CHECK(words_of("a # b\nc") == Words{"a", "c"});
  CHECK(words_of("a#b") == Words{"a#b"});
}

TEST_CASE("quoted words keep blanks and comments", "[gatehouse][config]") {
  CHECK(words_of(R"("a # b" c)") == Words{"a # b", "c"});
  CHECK(words_of(R"("say \"hi\"" "back\\slash")") == Words{R"(say "hi")", R"(back\slash)"});
  CHECK(words_of("`raw \\\" {env.NOT_SET}`") == Words{"raw \\\" {env.NOT_SET}"});
  CHECK(words_of("\"\"") == Words{""});
}

TEST_CASE("a quoted brace is a word and no brace", "[gatehouse][config]") {
  Problems problems;

  const auto tokens = read_tokens("\"{\" {", "Caddyfile", problems);

  REQUIRE(tokens.size() == 2);
  CHECK_FALSE(tokens[0].is_brace('{'));
  CHECK(tokens[1].is_brace('{'));
}

TEST_CASE("a backslash at its end joins a line with the next", "[gatehouse][config]") {
  Problems problems;

  const auto tokens = read_tokens("a \\\n b\nc", "Caddyfile", problems);

  REQUIRE(tokens.size() == 3);
  CHECK(tokens[0].place.line == tokens[1].place.line);
  CHECK(tokens[2].place.line > tokens[1].place.line);
}

TEST_CASE("environment variables and files are put in", "[gatehouse][config]") {
  setenv("GATEHOUSE_TEST", "value", 1);
  unsetenv("GATEHOUSE_NOT_SET");

  CHECK(words_of("{env.GATEHOUSE_TEST} a{$GATEHOUSE_TEST}b") == Words{"value", "avalueb"});
  CHECK(words_of("{$GATEHOUSE_NOT_SET:other}:{$GATEHOUSE_TEST:other}") == Words{"other:value"});
  CHECK(words_of("{file." GATEHOUSE_DIRECTORY "/web/logo.svg}")[0].starts_with("<svg"));
}

TEST_CASE("what cannot be put in is told with its place", "[gatehouse][config]") {
  unsetenv("GATEHOUSE_NOT_SET");

  CHECK(problems_of("a\n{env.GATEHOUSE_NOT_SET}") ==
        Words{"Caddyfile:2: the environment variable GATEHOUSE_NOT_SET is not set"});
  CHECK(problems_of("{file./does/not/exist}") ==
        Words{"Caddyfile:1: the file /does/not/exist cannot be read"});
  CHECK(problems_of("a\n\n\"b\nc") ==
        Words{"Caddyfile:3: a quote that is opened here is not closed"});
}

}  // namespace gatehouse
