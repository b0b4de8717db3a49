#include "store/departure.h"

#include "support/catch.h"

namespace sojourn::store {
namespace {

const Member kSelf = {.name = "auth-0"};
const Member kSelfLeaving = {.name = "auth-0", .leaving = true};
const Member kStays = {.name = "auth-1"};
const Member kLeaves = {.name = "auth-1", .leaving = true};
const Member kWitness = {.name = "auth-2", .capacity = 0};

}  // namespace

TEST_CASE("a member has nobody to hand over to when no other stays that holds sessions",
          "[store][departure]") {
  CHECK(nobody_stays({.members = {kSelf}}, "auth-0"));
  CHECK(nobody_stays({.members = {kSelf, kWitness}}, "auth-0"));
  CHECK(nobody_stays({.members = {kSelfLeaving, kLeaves, kWitness}}, "auth-0"));
  CHECK_FALSE(nobody_stays({.members = {kSelfLeaving, kStays}}, "auth-0"));
  CHECK_FALSE(nobody_stays({.members = {kSelfLeaving, kLeaves, {.name = "auth-3"}}}, "auth-0"));
}

TEST_CASE("a member that others hand over to waits until they know that it leaves as well",
          "[store][departure]") {
  CHECK_FALSE(nobody_stays({.members = {kSelf, kLeaves}}, "auth-0"));
}

}  // namespace sojourn::store
