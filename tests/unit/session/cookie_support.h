#pragma once

#include <sojourn/cookie.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.h"

// The words in which the cookie tests are written.
namespace sojourn::cookie_test {

inline constexpr const char* kId = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

inline SessionId id_of(std::string_view text) {
  absl::StatusOr<SessionId> id = SessionId::parse(text);
  REQUIRE(id.ok());
  return *std::move(id);
}

inline CookieCodec codec_with(CookieOptions options = {}) {
  absl::StatusOr<CookieCodec> codec = CookieCodec::make(std::move(options));
  INFO(codec.status());
  REQUIRE(codec.ok());
  return *std::move(codec);
}

inline CookieKey key(char id) {
  return {.id = id, .secret = "secret of the key with the id   " + std::string(1, id)};
}

inline CookieCodec signing_codec(std::vector<CookieKey> keys = {key('a')}) {
  return codec_with({.keys = std::move(keys)});
}

}  // namespace sojourn::cookie_test
