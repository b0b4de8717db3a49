// The checker of companions finds what must never happen, and accepts what may.

#include "simulation/companion_model.h"

#include <optional>
#include <string>
#include <utility>

#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Verb;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Calls one after the other, each a tenth of a second long and a tenth apart, unless said
// otherwise.
class Story {
 public:
  Story& put(std::string value, StatusCode status = StatusCode::kOk) {
    return call({.verb = Verb::kPutOnce,
                 .id = "=n",
                 .lifetime = {seconds(10), seconds(10)},
                 .value = std::move(value)},
                status);
  }
  Story& take(StatusCode status, std::string value = "") {
    return call({.verb = Verb::kTake, .id = "=n"}, status, SeenCompanion{std::move(value)});
  }
  Story& look(StatusCode status, std::string value = "") {
    return call({.verb = Verb::kLook, .id = "=n"}, status, SeenCompanion{std::move(value)});
  }
  Story& add(std::uint64_t amount, std::uint64_t count, StatusCode status = StatusCode::kOk) {
    return call(
        {.verb = Verb::kAdd, .id = "+n", .lifetime = {seconds(10), seconds(10)}, .amount = amount},
        status, SeenCompanion{.count = count});
  }
  Story& read(std::uint64_t count) {
    return call({.verb = Verb::kLook, .id = "+n"}, StatusCode::kOk, SeenCompanion{.count = count});
  }
  Story& reset() { return call({.verb = Verb::kResetCounter, .id = "+n"}, StatusCode::kOk); }
  Story& revoke(seconds lifetime) {
    return call({.verb = Verb::kRevokeToken, .id = "!n", .lifetime = {lifetime, lifetime}},
                StatusCode::kOk);
  }
  Story& check(bool revoked) {
    return call({.verb = Verb::kLook, .id = "!n"},
                revoked ? StatusCode::kOk : StatusCode::kNotFound, SeenCompanion{});
  }
  Story& at(Duration time) {
    now_ = Time(time);
    return *this;
  }
  // The call before was under way at the same time as the next.
  Story& meanwhile() {
    now_ = history_.back().called;
    return *this;
  }

  bool fits(const Tolerance& tolerance = {}) const {
    return check_companion(history_, {.tolerance = tolerance}).kind == Verdict::Kind::kLinearizable;
  }

 private:
  Story& call(Operation operation, StatusCode status,
              std::optional<SeenCompanion> companion = std::nullopt) {
    if (status != StatusCode::kOk) companion.reset();
    history_.push_back({.client = "client",
                        .called = now_,
                        .returned = now_ + milliseconds(100),
                        .operation = std::move(operation),
                        .status = status,
                        .companion = std::move(companion)});
    now_ += milliseconds(200);
    return *this;
  }

  Time now_ = Time(seconds(100));
  History history_;
};

constexpr auto kOk = StatusCode::kOk;
constexpr auto kNotFound = StatusCode::kNotFound;
constexpr auto kUnknown = StatusCode::kDeadlineExceeded;

TEST_CASE("the checker lets one of all takers have a value", "[checker]") {
  CHECK(Story().put("v").take(kOk, "v").take(kNotFound).fits());
  CHECK(Story().put("v").take(kNotFound).meanwhile().take(kOk, "v").fits());

  CHECK_FALSE(Story().put("v").take(kOk, "v").take(kOk, "v").fits());
  CHECK_FALSE(Story().put("v").take(kOk, "v").meanwhile().take(kOk, "v").fits());
  CHECK_FALSE(Story().put("v").take(kOk, "w").fits());
  CHECK_FALSE(Story().take(kOk, "v").fits());
}

TEST_CASE("the checker finds a value that is found after it was taken, or lost before",
          "[checker]") {
  CHECK_FALSE(Story().put("v").take(kOk, "v").look(kOk, "v").fits());
  CHECK_FALSE(Story().put("v").look(kNotFound).fits());
  CHECK_FALSE(Story().put("v").take(kNotFound).fits());
  CHECK(Story().put("v").take(kOk, "v").put("w").look(kOk, "w").fits());
  CHECK_FALSE(Story().put("v").put("w").fits());
  CHECK(Story().put("v").put("w", StatusCode::kAborted).fits());
  CHECK_FALSE(Story().put("w", StatusCode::kAborted).fits());
}

TEST_CASE("the checker lets a taking of unknown outcome have happened or not", "[checker]") {
  CHECK(Story().put("v").take(kUnknown).take(kNotFound).fits());
  CHECK(Story().put("v").take(kUnknown).take(kOk, "v").fits());
}

TEST_CASE("the checker finds additions that are lost or counted twice", "[checker]") {
  CHECK(Story().add(1, 1).add(2, 3).read(3).fits());
  CHECK(Story().add(1, 1).reset().add(2, 2).fits());

  CHECK_FALSE(Story().add(1, 1).add(2, 2).fits());
  CHECK_FALSE(Story().add(1, 1).read(2).fits());
  CHECK_FALSE(Story().add(1, 1).add(2, 3).read(2).fits());
  CHECK_FALSE(Story().add(1, 1).reset().read(1).fits());
}

TEST_CASE("the checker lets an addition of unknown outcome count once or not", "[checker]") {
  CHECK(Story().add(1, 1).add(2, 0, kUnknown).read(1).fits());
  CHECK(Story().add(1, 1).add(2, 0, kUnknown).read(3).fits());
  CHECK(Story().add(1, 1).add(2, 0, kUnknown).read(1).read(3).fits());
  CHECK_FALSE(Story().add(1, 1).add(2, 0, kUnknown).read(3).read(1).fits());
  CHECK_FALSE(Story().add(1, 1).add(2, 0, kUnknown).read(5).fits());
}

TEST_CASE("the checker knows when companions end", "[checker]") {
  // The first addition decides, not the last.
  CHECK(Story().add(1, 1).at(seconds(109)).add(2, 3).at(milliseconds(110'200)).add(4, 4).fits());
  CHECK_FALSE(Story().add(1, 1).at(seconds(109)).add(2, 2).fits());
  CHECK_FALSE(Story().add(1, 1).at(milliseconds(110'200)).add(4, 5).fits());
  CHECK(Story().add(1, 1).at(milliseconds(110'200)).add(4, 5).fits({.late_end = seconds(1)}));
  CHECK(Story().put("v").at(seconds(111)).look(kNotFound).fits());
  CHECK_FALSE(Story().put("v").at(seconds(111)).take(kOk, "v").fits());
}

TEST_CASE("the checker finds a token that is valid again before its time", "[checker]") {
  CHECK(Story().check(false).revoke(seconds(10)).check(true).at(seconds(111)).check(false).fits());
  CHECK_FALSE(Story().revoke(seconds(10)).check(false).fits());
  CHECK_FALSE(Story().revoke(seconds(10)).at(seconds(109)).check(false).fits());
  // The longer of both times counts.
  CHECK_FALSE(Story().revoke(seconds(10)).revoke(seconds(1)).at(seconds(109)).check(false).fits());
  CHECK_FALSE(Story().revoke(seconds(10)).revoke(seconds(30)).at(seconds(120)).check(false).fits());
  CHECK_FALSE(Story().revoke(seconds(10)).at(seconds(111)).check(true).fits());
}

}  // namespace
}  // namespace sojourn::simulation
