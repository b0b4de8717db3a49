#include "discovery/sightings.h"

#include "support/catch.h"

namespace sojourn::discovery {
namespace {

using std::chrono::seconds;

std::vector<Found> some(const std::vector<std::string>& addresses) {
  std::vector<Found> found;
  for (const std::string& address : addresses) found.push_back({.address = address});
  return found;
}

Time at(int second) { return Time(seconds(second)); }

TEST_CASE("what is in an answer counts at once", "[discovery]") {
  Sightings sightings;

  CHECK(sightings.answered(at(0), some({"b:1", "a:1", "b:1"})));
  CHECK(sightings.found() == some({"a:1", "b:1"}));
  CHECK_FALSE(sightings.answered(at(1), some({"a:1", "b:1"})));
  CHECK(sightings.answered(at(2), some({"c:1"})));
  CHECK(sightings.found() == some({"a:1", "b:1", "c:1"}));
}

TEST_CASE("what is missing is forgotten after three answers and ten seconds", "[discovery]") {
  Sightings sightings;
  sightings.answered(at(0), some({"a:1", "b:1"}));

  for (int second = 1; second <= 10; ++second) {
    REQUIRE_FALSE(sightings.answered(at(second), some({"a:1"})));
  }
  CHECK(sightings.answered(at(11), some({"a:1"})));
  CHECK(sightings.found() == some({"a:1"}));
}

TEST_CASE("two answers are not enough, however far apart", "[discovery]") {
  Sightings sightings;
  sightings.answered(at(0), some({"a:1", "b:1"}));

  CHECK_FALSE(sightings.answered(at(1000), some({"a:1"})));
  CHECK_FALSE(sightings.answered(at(2000), some({"a:1"})));
  CHECK(sightings.answered(at(3000), some({"a:1"})));
}

TEST_CASE("what comes back in between was never missing", "[discovery]") {
  Sightings sightings;
  sightings.answered(at(0), some({"a:1", "b:1"}));
  for (int second = 1; second < 100; ++second) {
    REQUIRE_FALSE(sightings.answered(at(second), some({second % 5 == 0 ? "b:1" : "a:1"})));
  }
  CHECK(sightings.found() == some({"a:1", "b:1"}));
}

TEST_CASE("an empty answer says nothing", "[discovery]") {
  Sightings sightings;
  sightings.answered(at(0), some({"a:1"}));

  for (int second = 1; second < 100; ++second) CHECK_FALSE(sightings.answered(at(second), {}));
  CHECK(sightings.found() == some({"a:1"}));
}

TEST_CASE("a member whose address changes is found at both for a while", "[discovery]") {
  Sightings sightings;
  sightings.answered(at(0), {{.name = "a", .address = "10.0.0.1:1"}});
  sightings.answered(at(1), {{.name = "a", .address = "10.0.0.2:1"}});

  CHECK(sightings.found().size() == 2);
  for (int second = 2; second <= 11; ++second) {
    sightings.answered(at(second), {{.name = "a", .address = "10.0.0.2:1"}});
  }
  CHECK(sightings.found() == std::vector<Found>{{.name = "a", .address = "10.0.0.2:1"}});
}

TEST_CASE("there is a bound on what is found", "[discovery]") {
  Sightings sightings;
  std::vector<std::string> addresses;
  for (int i = 0; i < 5000; ++i) addresses.push_back("10.0.0.1:" + std::to_string(i));

  CHECK(sightings.answered(at(0), some(addresses)));
  CHECK(sightings.found().size() == Sightings::kFoundMax);
}

}  // namespace
}  // namespace sojourn::discovery
