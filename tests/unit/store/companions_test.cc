#include "store/companions.h"

#include <string>

#include "support/catch.h"

namespace sojourn::store {
namespace {

using namespace std::chrono_literals;
using replication::Result;
using replication::Verb;

constexpr Time kNow = Time(200s);

TEST_CASE("calls for companions become operations of their kind", "[companion]") {
  const auto put = put_once("state", "nonce", 60s);
  REQUIRE(put.ok());
  CHECK(put->verb == Verb::kPutOnce);
  CHECK(put->id == "=state");
  CHECK(put->value == "nonce");
  CHECK(put->lifetime == Lifetime{60s, 60s});

  CHECK(take("state")->id == "=state");
  CHECK(add("ana", 3, 60s)->amount == 3);
  CHECK(add("ana", 3, 60s)->id == "+ana");
  CHECK(reset_counter("ana")->id == "+ana");
  CHECK(revoke_token("jti", 60s)->id == "!jti");
  CHECK(look(session::Kind::kRevokedToken, "jti")->id == "!jti");
  CHECK_FALSE(look(session::Kind::kRevokedToken, "jti")->touch);
}

TEST_CASE("what is wrong with a call for a companion is found before it is sent", "[companion]") {
  const std::string too_long(kCompanionNameBytesMax + 1, 'n');
  CHECK(absl::IsInvalidArgument(take("").status()));
  CHECK(absl::IsInvalidArgument(take(too_long).status()));
  CHECK(absl::IsInvalidArgument(look(session::Kind::kCounter, "").status()));
  CHECK(absl::IsInvalidArgument(reset_counter(too_long).status()));
  CHECK(absl::IsInvalidArgument(put_once("n", "v", 0s).status()));
  CHECK(absl::IsInvalidArgument(
      put_once("n", std::string(kSingleUseValueBytesMax + 1, 'v'), 1s).status()));
  CHECK(absl::IsInvalidArgument(add("n", 0, 1s).status()));
  CHECK(absl::IsInvalidArgument(add("n", 1, 0s).status()));
  CHECK(absl::IsInvalidArgument(revoke_token("n", std::chrono::hours(401 * 24)).status()));
}

TEST_CASE("a counter that is absent counts nothing", "[companion]") {
  CHECK(*counter_of({.status = absl::NotFoundError("")}, kNow) == Counter());

  const session::CountContent content(7);
  const Result there = {
      .record = session::make_companion(
          {.id = "+ana", .content = content.text(), .lifetime = 60s, .created_at = kNow - 20s})};
  CHECK(*counter_of(there, kNow) == Counter{.count = 7, .remaining = 40s});
  CHECK(counter_of(there, kNow + 1h)->remaining == 0ms);
}

TEST_CASE("only who knows that a token is not revoked says so", "[companion]") {
  CHECK(*revoked_of({}) == true);
  CHECK(*revoked_of({.status = absl::NotFoundError("")}) == false);
  CHECK(absl::IsDataLoss(revoked_of({.status = absl::DataLossError("")}).status()));
  CHECK(absl::IsUnavailable(revoked_of({.status = absl::UnavailableError("")}).status()));
}

}  // namespace
}  // namespace sojourn::store
