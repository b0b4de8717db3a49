#include "gatehouse/portal/odd_cookies.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

using std::chrono::seconds;

constexpr auto kStart = OddCookies::Clock::time_point(std::chrono::hours(1));

}  // namespace

TEST_CASE("a few odd cookies are told one by one and raise no alarm", "[gatehouse][cookies]") {
  OddCookies cookies;
  std::uint64_t told = 0;

  for (std::uint64_t i = 0; i + 1 < OddCookies::kAlarm; ++i) {
    const auto verdict = cookies.count(1, kStart);
    told += verdict.tell ? 1 : 0;
    CHECK_FALSE(verdict.alarm);
  }

  CHECK(told == OddCookies::kToldMax);
}

TEST_CASE("many odd cookies within a minute raise one alarm", "[gatehouse][cookies]") {
  OddCookies cookies;
  cookies.count(OddCookies::kAlarm - 1, kStart);

  CHECK(cookies.count(1, kStart + seconds(59)).alarm);
  CHECK_FALSE(cookies.count(1, kStart + seconds(59)).alarm);
  CHECK_FALSE(cookies.count(OddCookies::kAlarm - 1, kStart + seconds(60)).alarm);
  CHECK(cookies.count(1, kStart + seconds(61)).alarm);
}

TEST_CASE("a request without odd cookies counts for nothing", "[gatehouse][cookies]") {
  OddCookies cookies;

  CHECK_FALSE(cookies.count(0, kStart).tell);
  CHECK(cookies.count(1, kStart).tell);
}

}  // namespace gatehouse
