#include "sojournctl/admin/words.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("durations are told in two units at most", "[sojournctl]") {
  CHECK(duration_words(0) == "0 ms");
  CHECK(duration_words(999) == "999 ms");
  CHECK(duration_words(1000) == "1 s");
  CHECK(duration_words(61'500) == "1 min 1 s");
  CHECK(duration_words(3'600'000) == "1 h");
  CHECK(duration_words(7'512'000) == "2 h 5 min");
  CHECK(duration_words(3'601'000) == "1 h");
  CHECK(duration_words(90'061'000) == "1 d 1 h");
}

TEST_CASE("columns stand below one another, without blanks at the end", "[sojournctl]") {
  CHECK(table({{"NAME", "ZONE"}, {"auth-10", "a"}, {"b", ""}}) == "NAME     ZONE\nauth-10  a\nb\n");
}

TEST_CASE("what a cluster says cannot drive a terminal", "[sojournctl]") {
  CHECK(printable("\x1b[2Jana\n") == "\\x1b[2Jana\\n");
  CHECK(printable("Zo\xc3\xab") == "Zo\xc3\xab");
}

}  // namespace
}  // namespace sojournctl
