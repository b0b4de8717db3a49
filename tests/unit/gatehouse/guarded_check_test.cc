#include "gatehouse/portal/guarded_check.h"

#include "gatehouse/portal/readable_time.h"
#include "support/catch.h"
#include "unit/gatehouse/requests.h"

namespace gatehouse {
namespace {

std::optional<std::string> counted(const std::string& address) {
  return counted_address(asio::ip::make_address(address), test::trusting({"10.0.0.0/8"}));
}

}  // namespace

TEST_CASE("wrong passwords are counted for a name in any case", "[gatehouse][lockout]") {
  CHECK(counted_name("Ana") == counted_name("aNA"));
  CHECK(counted_name("ana") != counted_name("ben"));
}

TEST_CASE("wrong passwords are counted for an address, of IPv6 for its network",
          "[gatehouse][lockout]") {
  CHECK(counted("192.0.2.7") == "192.0.2.7");
  CHECK(counted("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(counted("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(counted("2001:db8:1:2::1") == counted("2001:db8:1:2:ffff::9"));
  CHECK(counted("2001:db8:1:3::1") != counted("2001:db8:1:2::1"));
}

TEST_CASE("everybody who comes through a proxy that hides them is not counted as one",
          "[gatehouse][lockout]") {
  CHECK(counted("10.0.0.1") == std::nullopt);
}

TEST_CASE("a wait is told in whole seconds, minutes or hours, rounded up", "[gatehouse][lockout]") {
  using namespace std::chrono_literals;

  CHECK(readable_wait(0ms) == "1 second");
  CHECK(readable_wait(19s + 1ms) == "20 seconds");
  CHECK(readable_wait(59s) == "59 seconds");
  CHECK(readable_wait(60s) == "1 minute");
  CHECK(readable_wait(61s) == "2 minutes");
  CHECK(readable_wait(15min) == "15 minutes");
  CHECK(readable_wait(119min + 1s) == "2 hours");
  CHECK(readable_wait(25h) == "25 hours");
}

TEST_CASE("a moment is told in UTC", "[gatehouse][lockout]") {
  CHECK(readable_time(std::chrono::system_clock::from_time_t(1'000'000'000)) ==
        "2001-09-09 01:46:40 UTC");
}

}  // namespace gatehouse
