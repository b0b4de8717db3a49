#include <sojourn/cookie.h>

#include <string>

#include "support/catch.h"
#include "unit/session/cookie_support.h"

namespace sojourn {
namespace {

using namespace cookie_test;

TEST_CASE("a signed value has the key's id before and the signature behind the session's id",
          "[cookie]") {
  const CookieCodec codec =
      codec_with({.keys = {{.id = 'a', .secret = "correct horse battery staple 1234"}}});

  // HMAC-SHA256("__Host-sid" || 00 || id), its first 16 bytes, as Python's hmac module computes it.
  const std::string expected = "a" + std::string(kId) + "y4cHzm9B47g7sUG0SJS1yg.auth-0";
  CHECK(codec.value(id_of(kId), "auth-0") == expected);
  CHECK(codec.read(expected).ok());
}

TEST_CASE("with keys an unsigned id is no session", "[cookie]") {
  const CookieCodec codec = signing_codec();

  CHECK_FALSE(codec.read(kId).ok());
  CHECK_FALSE(codec.read(std::string(kId) + ".auth-0").ok());
  CHECK_FALSE(codec.read(std::string("a") + kId + ".auth-0").ok());
}

TEST_CASE("a changed character anywhere in the signed part makes it no session", "[cookie]") {
  const CookieCodec codec = signing_codec({key('a'), key('b')});
  const std::string good = codec.value(id_of(kId), "auth-0");
  const std::size_t dot = good.find('.');
  const std::string replacements =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \"%;,";

  int accepted = 0;
  for (std::size_t at = 0; at <= dot; ++at) {
    for (const char replacement : replacements) {
      std::string bad = good;
      bad[at] = replacement;
      if (bad != good && codec.read(bad).ok()) ++accepted;
    }
  }

  CHECK(accepted == 0);
}

TEST_CASE("a changed character in the route changes the hint alone", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string good = codec.value(id_of(kId), "auth-0");

  for (std::size_t at = good.find('.') + 1; at < good.size(); ++at) {
    std::string other = good;
    other[at] = 'x';
    REQUIRE(codec.read(other).ok());
    CHECK(codec.read(other)->id == id_of(kId));

    other[at] = 'X';
    CHECK_FALSE(codec.read(other).ok());
  }
}

TEST_CASE("a value that was cut short or grew is no session", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string good = codec.value(id_of(kId), "");

  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(codec.read(good.substr(0, size)).ok());
    CHECK_FALSE(codec.read(good.substr(good.size() - size)).ok());
  }
  for (const char more : std::string("Aa0-_=.")) {
    CHECK_FALSE(codec.read(good + more).ok());
    CHECK_FALSE(codec.read(more + good).ok());
  }
}

TEST_CASE("a signature counts for its own id only", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string mine = codec.value(id_of("mine"), "");
  const std::string theirs = codec.value(id_of("them"), "");

  CHECK_FALSE(codec.read(theirs.substr(0, 5) + mine.substr(5)).ok());
}

TEST_CASE("a value signed with another secret is no session, whatever its key is called",
          "[cookie]") {
  const std::string forged =
      codec_with({.keys = {{.id = 'a', .secret = std::string(32, 'f')}}}).value(id_of(kId), "n1");
  const std::string relabelled = "b" + forged.substr(1);

  const CookieCodec codec = signing_codec({key('a'), key('b')});

  CHECK_FALSE(codec.read(forged).ok());
  CHECK_FALSE(codec.read(relabelled).ok());
}

TEST_CASE("a value signed again by its holder is no session", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string good = codec.value(id_of(kId), "");

  // The whole value taken for an id, once with a key of the holder and once by the codec itself.
  const std::string forged =
      codec_with({.keys = {{.id = 'a', .secret = std::string(32, 'f')}}}).value(id_of(good), "");
  CHECK_FALSE(codec.read(forged).ok());
  const auto twice = codec.read(codec.value(id_of(good), ""));
  REQUIRE(twice.ok());
  CHECK(twice->id == id_of(good));
  CHECK(twice->id != id_of(kId));
}

TEST_CASE("a signature under one cookie name is no session under another", "[cookie]") {
  const CookieCodec one = codec_with({.name = "one", .keys = {key('a')}});
  const CookieCodec two = codec_with({.name = "two", .keys = {key('a')}});

  CHECK_FALSE(two.read(one.value(id_of(kId), "n1")).ok());
  CHECK_FALSE(one.read(two.value(id_of(kId), "n1")).ok());
}

TEST_CASE("the name and the id cannot be cut elsewhere under one signature", "[cookie]") {
  const CookieCodec one = codec_with({.name = "sid", .keys = {key('a')}});
  const CookieCodec two = codec_with({.name = "sida", .keys = {key('a')}});
  const std::string value = one.value(id_of("abc"), "");

  CHECK_FALSE(two.read("abc" + value.substr(4)).ok());
  CHECK(value.substr(4) != two.value(id_of("bc"), "").substr(3));
}

TEST_CASE("keys rotate without ending a session", "[cookie]") {
  const std::string old_value = signing_codec({key('1')}).value(id_of(kId), "n1");

  // First all members learn to verify with the new key, then they sign with it, then the old one
  // goes.
  CHECK(signing_codec({key('1'), key('2')}).read(old_value).ok());
  const CookieCodec signing_with_new = signing_codec({key('2'), key('1')});
  const auto candidate = signing_with_new.read(old_value);
  REQUIRE(candidate.ok());
  CHECK(candidate->id == id_of(kId));
  CHECK(candidate->older_key);
  CHECK(signing_with_new.reissue(*candidate, "n1"));

  const std::string new_value = signing_with_new.value(candidate->id, "n1");
  CHECK(signing_codec({key('1'), key('2')}).read(new_value).ok());
  const CookieCodec new_key_only = signing_codec({key('2')});
  CHECK_FALSE(new_key_only.read(old_value).ok());
  REQUIRE(new_key_only.read(new_value).ok());
  CHECK_FALSE(new_key_only.reissue(*new_key_only.read(new_value), "n1"));
}

TEST_CASE("a codec does not keep its secrets in readable form", "[cookie]") {
  const CookieCodec codec = signing_codec({key('a'), key('b')});

  REQUIRE(codec.options().keys.size() == 2);
  CHECK(codec.options().keys[0].id == 'a');
  CHECK(codec.options().keys[0].secret.empty());
  CHECK(codec.options().keys[1].secret.empty());
}

}  // namespace
}  // namespace sojourn
