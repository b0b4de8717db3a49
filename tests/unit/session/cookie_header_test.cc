#include "session/cookie_header.h"

#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace sojourn::session {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(std::string_view line) {
  Pairs pairs;
  CookieHeader header(line);
  while (const std::optional<CookiePair> pair = header.next()) {
    pairs.emplace_back(pair->name, pair->value);
  }
  return pairs;
}

struct Row {
  std::string line;
  Pairs pairs;
};

TEST_CASE("a Cookie header is a list of names and values between semicolons", "[cookie]") {
  const auto row = GENERATE(values<Row>({
      {"a=1", {{"a", "1"}}},
      {"a=1; b=2; c=3", {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {"a=1;b=2", {{"a", "1"}, {"b", "2"}}},
      {"a=1; a=2", {{"a", "1"}, {"a", "2"}}},
      {"a=", {{"a", ""}}},
      {"a=b=c==", {{"a", "b=c=="}}},
      {"", {}},
  }));

  CHECK(pairs_of(row.line) == row.pairs);
}

TEST_CASE("blanks count only before a pair and around the line as separators", "[cookie]") {
  const auto row = GENERATE(values<Row>({
      {" \t a=1;\t  b=2 \t", {{"a", "1"}, {"b", "2"}}},
      {"a=1 ; b=2", {{"a", "1 "}, {"b", "2"}}},
      {"a =1; b= 2", {{"a ", "1"}, {"b", " 2"}}},
      {"a=1\n; b=2", {{"a", "1\n"}, {"b", "2"}}},
      {" \t ", {}},
  }));

  CHECK(pairs_of(row.line) == row.pairs);
}

TEST_CASE("empty pairs and pairs without a name are no cookies of any name", "[cookie]") {
  const auto row = GENERATE(values<Row>({
      {";;; a=1;; ;b=2;", {{"a", "1"}, {"b", "2"}}},
      {"flag; a=1", {{"a", "1"}}},
      {"=sid=1; a=1", {{"", "sid=1"}, {"a", "1"}}},
      {"=", {{"", ""}}},
      {";", {}},
  }));

  CHECK(pairs_of(row.line) == row.pairs);
}

TEST_CASE("quotes, commas and percent signs separate nothing and stay in the value", "[cookie]") {
  const auto row = GENERATE(values<Row>({
      {"a=\"1; b=2\"", {{"a", "\"1"}, {"b", "2\""}}},
      {"a=1, b=2, c=3", {{"a", "1, b=2, c=3"}}},
      {"a=1%3B%20b=2", {{"a", "1%3B%20b=2"}}},
      {"$Version=1; a=1; $Path=/", {{"$Version", "1"}, {"a", "1"}, {"$Path", "/"}}},
      {std::string("a=1\0; b=2", 9), {{"a", std::string("1\0", 2)}, {"b", "2"}}},
  }));

  CHECK(pairs_of(row.line) == row.pairs);
}

}  // namespace
}  // namespace sojourn::session
