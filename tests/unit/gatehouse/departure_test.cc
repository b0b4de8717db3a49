#include "gatehouse/departure.h"

#include "support/catch.h"

namespace gatehouse {

TEST_CASE("a member has nobody to hand over to when no other stays that holds sessions",
          "[gatehouse][departure]") {
  const sojourn::Member self = {.name = "auth-0", .leaving = true};
  const sojourn::Member stays = {.name = "auth-1"};
  const sojourn::Member goes = {.name = "auth-1", .leaving = true};
  const sojourn::Member witness = {.name = "auth-2", .capacity = 0};

  CHECK(nobody_stays({.members = {self}}, "auth-0"));
  CHECK(nobody_stays({.members = {self, goes, witness}}, "auth-0"));
  CHECK_FALSE(nobody_stays({.members = {self, stays}}, "auth-0"));
  CHECK_FALSE(nobody_stays({.members = {self, goes, {.name = "auth-3"}}}, "auth-0"));
}

}  // namespace gatehouse
