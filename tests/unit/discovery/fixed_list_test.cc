#include "discovery/fixed_list.h"

#include "support/catch.h"

namespace sojourn::discovery {
namespace {

TEST_CASE("a fixed list is found at once, in order and none twice", "[discovery]") {
  const auto list = make_fixed_list(
      {{.name = "b", .address = "b:1"}, {.name = "a", .address = "a:1"}, {"b", "b:1"}});
  std::vector<Found> found;

  list->start({.on_found = [&](std::vector<Found> reported) { found = std::move(reported); }});

  CHECK(found == std::vector<Found>{{"a", "a:1"}, {"b", "b:1"}});
}

}  // namespace
}  // namespace sojourn::discovery
