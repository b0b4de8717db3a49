#include "gatehouse/portal/renewal.h"

#include "gatehouse/portal/confirmation.h"
#include "gatehouse/portal/noted_time.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;

constexpr auto kStart = std::chrono::system_clock::time_point(1'000'000'000s);

bool is_due(std::chrono::seconds after, std::chrono::milliseconds age) {
  const RenewalConfig config = {.after = after};
  return is_renewal_due(config, kStart, kStart + age);
}

bool is_fresh_after(std::chrono::seconds fresh, std::chrono::milliseconds age) {
  ProtectionConfig config;
  config.fresh = fresh;
  return is_fresh(config, kStart, kStart + age);
}

}  // namespace

TEST_CASE("an id is renewed when it is as old as ids may become", "[gatehouse][renewal]") {
  CHECK_FALSE(is_due(4h, 0ms));
  CHECK_FALSE(is_due(4h, 4h - 1ms));
  CHECK(is_due(4h, 4h));
  CHECK(is_due(4h, 100h));
}

TEST_CASE("an id that another server's clock made in the future is not renewed",
          "[gatehouse][renewal]") {
  CHECK_FALSE(is_due(1s, -3s));
}

TEST_CASE("without a time for it no id is renewed", "[gatehouse][renewal]") {
  CHECK_FALSE(is_due(0s, 0ms));
  CHECK_FALSE(is_due(0s, 1000h));
}

TEST_CASE("a password that was given lately need not be given again", "[gatehouse][renewal]") {
  CHECK(is_fresh_after(10min, 0ms));
  CHECK(is_fresh_after(10min, 10min - 1ms));
  CHECK(is_fresh_after(10min, -3s));
  CHECK_FALSE(is_fresh_after(10min, 10min));
  CHECK_FALSE(is_fresh_after(10min, 100h));
}

TEST_CASE("without a time for it no password is asked for again", "[gatehouse][renewal]") {
  CHECK(is_fresh_after(0s, 0ms));
  CHECK(is_fresh_after(0s, 1000h));
}

TEST_CASE("a moment that was noted is read again to the second", "[gatehouse][renewal]") {
  CHECK(noted_time(kStart + 999ms) == "1000000000");
  CHECK(read_noted_time(noted_time(kStart + 999ms), {}) == kStart);
}

TEST_CASE("a note that is no moment counts as none", "[gatehouse][renewal]") {
  for (const char* const text : {"", "-1", "1 ", "1x", "0x1", "99999999999", "9999999999999999999"})
    CHECK(read_noted_time(text, kStart) == kStart);
  CHECK(read_noted_time("0", kStart) != kStart);
}

}  // namespace gatehouse
