#include "sojournctl/admin/cookie_text.h"

#include <sojourn/cookie.h>

#include "support/catch.h"

namespace sojournctl {
namespace {

using sojourn::CookieCodec;
using sojourn::SessionId;

TEST_CASE("an id is taken as it is", "[sojournctl]") {
  const SessionId id = SessionId::generate();

  const CookieText taken = CookieText::of(id.text());

  CHECK(taken.id == id.text());
  CHECK(taken.route.empty());
  CHECK_FALSE(taken.is_signed);
}

TEST_CASE("a cookie's route is no part of the id", "[sojournctl]") {
  const SessionId id = SessionId::generate();
  const auto codec = CookieCodec::make({});
  REQUIRE(codec.ok());

  const CookieText taken = CookieText::of(codec->value(id, "auth-1"));

  CHECK(taken.id == id.text());
  CHECK(taken.route == "auth-1");
}

TEST_CASE("the id is taken out of a signed cookie", "[sojournctl]") {
  const SessionId id = SessionId::generate();
  sojourn::CookieOptions options;
  options.keys = {{.id = 'k', .secret = std::string(32, 's')}};
  const auto codec = CookieCodec::make(options);
  REQUIRE(codec.ok());
  const std::string value = codec->value(id, "auth-1");

  CHECK(CookieText::of(value).id == id.text());
  CHECK(CookieText::of(value).is_signed);
  CHECK_FALSE(CookieText::of(value, true).is_signed);
}

}  // namespace
}  // namespace sojournctl
