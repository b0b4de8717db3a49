#include "sojournctl/lb/template_text.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace sojournctl {
namespace {

TEST_CASE("places of a template are filled in, and nothing else is changed", "[sojournctl]") {
  CHECK(fill("a @NAME@ @auth-0 x@Y @ @NAME@@TWO_WORDS@@", {{"NAME", "b"}, {"TWO_WORDS", "c"}}) ==
        "a b @auth-0 x@Y @ bc@");
  CHECK(fill("\n  a\n", {}) == "  a\n");
}

TEST_CASE("what is filled in is not looked at for places", "[sojournctl]") {
  CHECK(fill("@A@ @B@", {{"A", "@B@"}, {"B", "@A@"}}) == "@B@ @A@");
}

TEST_CASE("texts are joined with a separator between them", "[sojournctl]") {
  const auto twice = [](const std::string& each) { return each + each; };

  CHECK(join(std::vector<std::string>{"a", "b"}, ", ", twice) == "aa, bb");
  CHECK(join(std::vector<std::string>{}, ", ", twice).empty());
}

}  // namespace
}  // namespace sojournctl
