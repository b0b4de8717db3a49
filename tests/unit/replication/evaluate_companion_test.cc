#include <string>

#include "replication/evaluate.h"
#include "session/companion.h"
#include "support/catch.h"

namespace sojourn::replication {
namespace {

using namespace std::chrono_literals;
using session::RecordRef;

constexpr Time kThen = Time(100s);
constexpr Time kNow = Time(200s);
constexpr Version kNext{1, 9};

RecordRef companion(std::string_view id, std::string_view content, std::chrono::seconds lifetime) {
  return session::make_companion(
      {.id = id, .content = content, .lifetime = lifetime, .version = {1, 3}, .created_at = kThen});
}
RecordRef counter(std::uint64_t count) {
  return companion("+ana", session::CountContent(count).text(), 300s);
}

Evaluation run(const Operation& operation, const RecordRef& current = {}) {
  return evaluate(operation, current.get(), kNow, kNext, [] { return std::string("new"); });
}
Operation add(std::uint64_t amount) {
  return {.verb = Verb::kAdd, .id = "+ana", .lifetime = {60s, 60s}, .amount = amount};
}
Operation revoke(std::chrono::seconds lifetime) {
  return {.verb = Verb::kRevokeToken, .id = "!jti", .lifetime = {lifetime, lifetime}};
}

TEST_CASE("a value is put only where there is none", "[companion]") {
  const Operation put = {
      .verb = Verb::kPutOnce, .id = "=state", .lifetime = {60s, 60s}, .value = "nonce"};

  const Evaluation done = run(put);
  REQUIRE(done.status.ok());
  REQUIRE(done.entries.size() == 1);
  const RecordRef& made = done.entries[0].record;
  CHECK(session::content_of(*made) == "nonce");
  CHECK(session::ends_at(*made) == kNow + 60s);
  CHECK(made->version() == kNext);

  const Evaluation refused = run(put, companion("=state", "other", 300s));
  CHECK(absl::IsAborted(refused.status));
  CHECK(refused.entries.empty());
}

TEST_CASE("who takes a value is answered with it and leaves a tombstone that knows it",
          "[companion]") {
  const Operation take = {.verb = Verb::kTake, .id = "=state"};
  const RecordRef value = companion("=state", "nonce", 300s);

  const Evaluation done = run(take, value);
  REQUIRE(done.status.ok());
  CHECK(session::content_of(*done.answer) == "nonce");
  CHECK(done.answer.get() != value.get());
  REQUIRE(done.entries.size() == 1);
  CHECK(done.entries[0].id == "=state");
  CHECK_FALSE(done.entries[0].record);
  CHECK(done.entries[0].taken.get() == done.answer.get());

  CHECK(absl::IsNotFound(run(take).status));
}

TEST_CASE("additions count up from the first and do not prolong the counter", "[companion]") {
  const Evaluation first = run(add(2));
  REQUIRE(first.status.ok());
  CHECK(session::count_of(*first.answer) == 2);
  CHECK(session::ends_at(*first.answer) == kNow + 60s);

  const Evaluation second = run(add(3), counter(7));
  REQUIRE(second.status.ok());
  CHECK(session::count_of(*second.answer) == 10);
  CHECK(session::ends_at(*second.answer) == kThen + 300s);
}

TEST_CASE("a count never goes round", "[companion]") {
  CHECK(session::count_of(*run(add(1), counter(kCountMax - 1)).answer) == kCountMax);
  const Evaluation refused = run(add(2), counter(kCountMax - 1));
  CHECK(absl::IsResourceExhausted(refused.status));
  CHECK(refused.entries.empty());
}

TEST_CASE("a counter is reset whether there is one or not", "[companion]") {
  const Operation reset = {.verb = Verb::kResetCounter, .id = "+ana"};
  for (const RecordRef& current : {RecordRef(), counter(7)}) {
    const Evaluation done = run(reset, current);
    CHECK(done.status.ok());
    REQUIRE(done.entries.size() == 1);
    CHECK_FALSE(done.entries[0].record);
  }
}

TEST_CASE("a token that is revoked again stays so for the longer of both times", "[companion]") {
  const auto end = [](const Evaluation& evaluation) {
    REQUIRE(evaluation.status.ok());
    return session::ends_at(*evaluation.entries[0].record);
  };

  CHECK(end(run(revoke(60s))) == kNow + 60s);
  CHECK(end(run(revoke(60s), companion("!jti", "", 300s))) == kThen + 300s);
  CHECK(end(run(revoke(60s), companion("!jti", "", 120s))) == kNow + 60s);
}

}  // namespace
}  // namespace sojourn::replication
