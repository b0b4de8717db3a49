#include "replication/expiry_pace.h"

#include "support/catch.h"

namespace sojourn::replication {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1h};
constexpr std::size_t kNoWrites = 0;

TEST_CASE("while nothing has expired no write allows a removal", "[replication]") {
  ExpiryPace pace;
  pace.earn();
  CHECK(pace.allowed() == 0);
  CHECK(pace.resumes_at(kNow + 1s) == kNow + 1s);
  CHECK_FALSE(pace.resumes_at(std::nullopt));
}

TEST_CASE("a few removals are allowed after each pause, and one more for what earns it",
          "[replication]") {
  ExpiryPace pace;
  pace.resume(kNow);
  CHECK(pace.allowed() == ExpiryPace::kAtOnce);
  CHECK(pace.resumes_at(kNow) == kNow + ExpiryPace::kPause);

  for (std::size_t i = 0; i < ExpiryPace::kAtOnce; ++i) pace.begin();
  CHECK(pace.allowed() == 0);
  pace.earn();
  CHECK(pace.allowed() == 1);
}

TEST_CASE("who has found none to remove is allowed nothing until the pause is over",
          "[replication]") {
  ExpiryPace pace;
  pace.resume(kNow);
  pace.forgo();
  pace.earn();
  CHECK(pace.allowed() == 0);
  CHECK(pace.resumes_at(kNow) == kNow + ExpiryPace::kPause);

  // Others' sessions are left, whose time is up as well.
  pace.pause(kNow + ExpiryPace::kPause);
  pace.earn();
  CHECK(pace.allowed() == 0);
  CHECK(pace.resumes_at(kNow) == kNow + 2 * ExpiryPace::kPause);

  pace.rest();
  CHECK_FALSE(pace.resumes_at(std::nullopt));
}

TEST_CASE("eight removals may be under way, or as many as other writes", "[replication]") {
  ExpiryPace pace;
  for (std::size_t i = 0; i < ExpiryPace::kUnderWay; ++i) {
    CHECK(pace.has_room(kNoWrites));
    pace.begin();
  }
  CHECK_FALSE(pace.has_room(2 * ExpiryPace::kUnderWay));
  CHECK(pace.has_room(2 * ExpiryPace::kUnderWay + 1));

  pace.end();
  CHECK(pace.has_room(kNoWrites));
}

}  // namespace
}  // namespace sojourn::replication
