// The route in a session cookie is the session's owner: what balancers steer by, and what one
// product had wrong for a year without anybody noticing, because it hashed the signed text instead
// of the id.

#include <sojourn/cookie.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "ring/placement.h"
#include "session/id_draw.h"
#include "support/catch.h"

namespace sojourn::ring {
namespace {

constexpr int kIds = 10000;

std::shared_ptr<const Placement> cluster_of(int members) {
  auto view = std::make_shared<View>();
  for (int i = 0; i < members; ++i) view->members.push_back({.name = "auth-" + std::to_string(i)});
  return Placement::of(std::move(view));
}

std::string owner_of(const Placement& placement, std::string_view id_text) {
  const MemberIndex primary = placement.primary(placement.segment_of(id_text));
  return placement.view().members[primary.value].name;
}

CookieCodec codec_with(bool keys) {
  CookieOptions options;
  if (keys) options.keys = {{.id = 'a', .secret = std::string(32, 'A')}};
  absl::StatusOr<CookieCodec> codec = CookieCodec::make(std::move(options));
  REQUIRE(codec.ok());
  return *std::move(codec);
}

// As a balancer sees it: without knowing about ids or signatures.
std::string after_the_dot(const std::string& value) { return value.substr(value.find('.') + 1); }

TEST_CASE("the route in a cookie is the owner of the id that is read from it", "[cookie][ring]") {
  const bool keys = GENERATE(false, true);
  const int members = GENERATE(range(2, 11));
  const auto placement = cluster_of(members);
  const CookieCodec codec = codec_with(keys);
  SeededRandom random(static_cast<std::uint64_t>(members));

  int wrong = 0;
  for (int n = 0; n < kIds; ++n) {
    const std::string text = session::draw_id(random);
    const std::string owner = owner_of(*placement, text);

    const std::string value = codec.value(*SessionId::parse(text), owner);
    const auto candidate = codec.read(value);

    const bool right = candidate.ok() && after_the_dot(value) == owner &&
                       candidate->route == owner_of(*placement, candidate->id.text()) &&
                       !codec.reissue(*candidate, owner_of(*placement, candidate->id.text()));
    if (!right) ++wrong;
  }

  CHECK(wrong == 0);
}

TEST_CASE("an id drawn for a member is owned by it after a few tries", "[cookie][ring]") {
  const int members = GENERATE(range(2, 11));
  const auto placement = cluster_of(members);
  const auto attempts_max = static_cast<std::uint32_t>(64 * members);
  const std::string self = "auth-1";
  const CookieCodec codec = codec_with(true);
  SeededRandom random(static_cast<std::uint64_t>(members));

  int elsewhere = 0;
  std::uint64_t tries = 0;
  for (int n = 0; n < 1000; ++n) {
    const std::string text =
        session::draw_id_until(random, attempts_max, [&](std::string_view drawn) {
          ++tries;
          return owner_of(*placement, drawn) == self;
        });
    const std::string value = codec.value(*SessionId::parse(text), owner_of(*placement, text));
    if (after_the_dot(value) != self) ++elsewhere;
  }

  CHECK(elsewhere == 0);
  CHECK(tries < 2000 * static_cast<std::uint64_t>(members));
}

TEST_CASE("after a member joined exactly the cookies of moved sessions are reissued",
          "[cookie][ring]") {
  const auto before = cluster_of(4);
  const auto after = cluster_of(5);
  const CookieCodec codec = codec_with(true);
  SeededRandom random(5);

  int moved = 0;
  int wrong = 0;
  for (int n = 0; n < kIds; ++n) {
    const std::string text = session::draw_id(random);
    const std::string old_owner = owner_of(*before, text);
    const std::string new_owner = owner_of(*after, text);
    const auto candidate = codec.read(codec.value(*SessionId::parse(text), old_owner));
    REQUIRE(candidate.ok());

    if (old_owner != new_owner) ++moved;
    if (codec.reissue(*candidate, new_owner) != (old_owner != new_owner)) ++wrong;
  }

  CHECK(wrong == 0);
  CHECK(moved > kIds / 5 - kIds / 20);
  CHECK(moved < kIds / 5 + kIds / 20);
}

}  // namespace
}  // namespace sojourn::ring
