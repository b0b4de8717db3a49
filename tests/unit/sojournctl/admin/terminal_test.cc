#include "sojournctl/admin/terminal.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("a picture is cut to the terminal", "[sojournctl]") {
  CHECK(fitted("abc\nde\nf\n", 2, 2) == "ab\nde");
  CHECK(fitted("abc\n", 24, 80) == "abc");
  CHECK(fitted("a\n\nb\n", 24, 80) == "a\n\nb");
}

TEST_CASE("no character is cut in two", "[sojournctl]") {
  CHECK(fitted("Zo\xc3\xab!", 1, 3) == "Zo\xc3\xab");
  CHECK(fitted("Zo\xc3\xab!", 1, 2) == "Zo");
}

}  // namespace
}  // namespace sojournctl
