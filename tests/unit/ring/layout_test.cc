#include "ring/layout.h"

#include "support/catch.h"
#include "unit/ring/ownership.h"

namespace sojourn::ring {
namespace {

TEST_CASE("layouts are equal when members, holders and losses are", "[ring]") {
  const Layout layout = {.view = view_of({.members = 2, .segments = 2}),
                         .base = {{{0}}, {{0}, {1}}},
                         .losses = {{SegmentId{1}, {.epoch = 3}}}};
  CHECK(layout == Layout(layout));

  Layout other = layout;
  other.view.members[1].leaving = true;
  CHECK_FALSE(other == layout);

  other = layout;
  other.base[0] = {{1}};
  CHECK_FALSE(other == layout);

  other = layout;
  other.losses[SegmentId{1}].acknowledged = true;
  CHECK_FALSE(other == layout);
}

TEST_CASE("a loss is not acknowledged unless that is said", "[ring]") {
  CHECK_FALSE(Loss{.epoch = 3}.acknowledged);
}

}  // namespace
}  // namespace sojourn::ring
