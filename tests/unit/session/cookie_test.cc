#include "sojourn/cookie.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/random.h"
#include "support/catch.h"
#include "unit/session/cookie_support.h"

namespace sojourn {
namespace {

using namespace cookie_test;

using Strings = std::vector<std::string>;

CookieCodec::Found find_in(const CookieCodec& codec, const Strings& lines) {
  const std::vector<std::string_view> headers(lines.begin(), lines.end());
  return codec.find(headers);
}

// The candidates as "id@route".
Strings named_by(const CookieCodec::Found& found) {
  Strings texts;
  for (const CookieCandidate& candidate : found.candidates) {
    texts.push_back(std::string(candidate.id.text()) + "@" + candidate.route);
  }
  return texts;
}

// --- The value ---------------------------------------------------------------------------------

TEST_CASE("a cookie's value is the id, a dot and the owner's name", "[cookie]") {
  CHECK(codec_with().value(id_of(kId), "auth-0") == std::string(kId) + ".auth-0");
}

TEST_CASE("reading a value gives back what it was made of", "[cookie]") {
  const auto id =
      GENERATE(as<std::string>{}, "a", "-_-", kId, "5e161e00-d426-4ea6-98e9-52eb9844e2d7");
  const auto route =
      GENERATE(as<std::string>{}, "", "a", "auth-0", "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p1");
  const bool with_keys = GENERATE(false, true);
  const CookieCodec codec = with_keys ? signing_codec() : codec_with();

  const auto candidate = codec.read(codec.value(id_of(id), route));

  REQUIRE(candidate.ok());
  CHECK(candidate->id == id_of(id));
  CHECK(candidate->route == route);
  CHECK_FALSE(candidate->older_key);
}

TEST_CASE("the longest value has 120 bytes and can be read", "[cookie]") {
  const SessionId id = id_of(std::string(64, 'i'));
  const std::string route(32, 'r');
  const CookieCodec codec = signing_codec();

  const std::string value = codec.value(id, route);

  CHECK(value.size() == 120);
  REQUIRE(codec.read(value).ok());
  CHECK(codec.read(value)->id == id);
}

TEST_CASE("an owner that cannot be a route is left out", "[cookie]") {
  const auto owner = GENERATE(values<std::string>({"", "Auth-0", "auth.0", "auth_0", "10.0.0.1:80",
                                                   "a b", "a;b", "a\r\nb", std::string(33, 'a')}));

  CHECK(codec_with().value(id_of(kId), owner) == kId);
}

TEST_CASE("routes can be left out on writing and are stripped on reading all the same",
          "[cookie]") {
  const CookieCodec codec = codec_with({.attach_route = false});

  CHECK(codec.value(id_of(kId), "auth-0") == kId);
  const auto candidate = codec.read(std::string(kId) + ".added-by-a-balancer");
  REQUIRE(candidate.ok());
  CHECK(candidate->id == id_of(kId));
  CHECK(candidate->route == "added-by-a-balancer");
}

struct ValueRow {
  std::string value;
  // id@route, or nothing when it is no session.
  std::optional<std::string> meaning;
};

TEST_CASE("a value is taken as it is or not at all", "[cookie]") {
  const CookieCodec codec = codec_with();
  const auto row = GENERATE(values<ValueRow>({
      // Routes are hints: unknown ones are read like known ones.
      {"abc.n2", "abc@n2"},
      {"abc.n9", "abc@n9"},
      {"abc.n22", "abc@n22"},
      {"abc.xn2", "abc@xn2"},
      {"abcn2", "abcn2@"},
      {"abc.-", "abc@-"},
      // More or fewer than two parts.
      {"ab.c.n2", std::nullopt},
      {"abc..n2", std::nullopt},
      {"abc.n2.", std::nullopt},
      {"abc.", std::nullopt},
      {".n2", std::nullopt},
      {".", std::nullopt},
      {"", std::nullopt},
      // Nothing is repaired.
      {"\"abc.n2\"", std::nullopt},
      {"\"abc\".n2", std::nullopt},
      {"abc%2En2", std::nullopt},
      {"abc%3D%3D.n2", std::nullopt},
      {"a+b/c==.n2", std::nullopt},
      {" abc.n2", std::nullopt},
      {"abc.n2 ", std::nullopt},
      {"abc .n2", std::nullopt},
      {"abc. n2", std::nullopt},
      {"abc.n2\t", std::nullopt},
      {"abc.n2\n", std::nullopt},
      {std::string("abc.n2\0", 7), std::nullopt},
      {std::string("ab\0c.n2", 7), std::nullopt},
      {"abc.n2, b=2", std::nullopt},
      {"abc.n2;", std::nullopt},
      {"abc!n2", std::nullopt},
      // Routes of another form.
      {"abc.N2", std::nullopt},
      {"abc.n_2", std::nullopt},
      {"abc.10:80", std::nullopt},
      {"abc.n\xc3\xa9", std::nullopt},
      {"abc." + std::string(32, 'n'), "abc@" + std::string(32, 'n')},
      {"abc." + std::string(33, 'n'), std::nullopt},
      // Lengths.
      {std::string(64, 'i') + ".n2", std::string(64, 'i') + "@n2"},
      {std::string(65, 'i') + ".n2", std::nullopt},
      {std::string(129, 'i'), std::nullopt},
      {std::string(8000, 'i') + ".n2", std::nullopt},
      {std::string(16000, 'i') + ".n2", std::nullopt},
      {"abc." + std::string(16000, 'n'), std::nullopt},
      {std::string(16000, '.'), std::nullopt},
  }));
  INFO(row.value.substr(0, 80));

  const auto candidate = codec.read(row.value);

  if (row.meaning) {
    REQUIRE(candidate.ok());
    CHECK(std::string(candidate->id.text()) + "@" + candidate->route == *row.meaning);
    CHECK(codec.value(candidate->id, candidate->route) == row.value);
  } else {
    CHECK(candidate.status().code() == absl::StatusCode::kUnauthenticated);
  }
}

TEST_CASE("whatever is wrong with a value, the answer is the same", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string good = codec.value(id_of(kId), "auth-0");
  const absl::Status expected = codec.read("").status();

  CHECK(expected.code() == absl::StatusCode::kUnauthenticated);
  for (const std::string& bad :
       {"x" + good, good + ".", good + "A", std::string(kId), std::string(1000, 'a'),
        "b" + good.substr(1), good.substr(0, 54) + "A.auth-0"}) {
    CHECK(codec.read(bad).status() == expected);
  }
}

TEST_CASE("ten thousand ids survive writing and reading", "[cookie]") {
  SeededRandom random(7);
  const CookieCodec plain = codec_with();
  const CookieCodec signing = signing_codec();

  int lost = 0;
  for (int n = 0; n < 10000; ++n) {
    std::string text;
    const std::size_t size = 1 + random.below(64);
    while (text.size() < size) {
      text += base64url_encode(std::string(1, static_cast<char>(random.below(256)))).front();
    }
    const SessionId id = id_of(text);
    const std::string route = "auth-" + std::to_string(random.below(100));
    for (const CookieCodec* codec : {&plain, &signing}) {
      const auto candidate = codec->read(codec->value(id, route));
      if (!candidate.ok() || candidate->id != id || candidate->route != route) ++lost;
    }
  }

  CHECK(lost == 0);
}

// --- Aliases -----------------------------------------------------------------------------------

TEST_CASE("an alias stands for a member's name in the cookie and nowhere else", "[cookie]") {
  const CookieCodec codec = codec_with({.route_alias = {{"auth-0", "x7"}, {"auth-1", "k2"}}});

  CHECK(codec.value(id_of("abc"), "auth-0") == "abc.x7");
  CHECK(codec.value(id_of("abc"), "auth-1") == "abc.k2");
  CHECK(codec.value(id_of("abc"), "auth-2") == "abc.auth-2");
  CHECK(codec.read("abc.x7")->route == "auth-0");
  CHECK(codec.read("abc.k2")->route == "auth-1");
  CHECK(codec.read("abc.auth-2")->route == "auth-2");
}

TEST_CASE("a cookie that still shows the name behind an alias is replaced", "[cookie]") {
  const CookieCodec codec = codec_with({.route_alias = {{"auth-0", "x7"}}});

  const auto candidate = codec.read("abc.auth-0");

  REQUIRE(candidate.ok());
  CHECK(candidate->route.empty());
  CHECK(codec.reissue(*candidate, "auth-0"));
}

TEST_CASE("a member called like the alias of another gets no route", "[cookie]") {
  const CookieCodec codec = codec_with({.route_alias = {{"a", "b"}}});

  CHECK(codec.value(id_of("abc"), "a") == "abc.b");
  CHECK(codec.value(id_of("abc"), "b") == "abc");
  CHECK(codec.read("abc.b")->route == "a");
}

TEST_CASE("members may trade names as aliases", "[cookie]") {
  const CookieCodec codec = codec_with({.route_alias = {{"a", "b"}, {"b", "a"}}});

  for (const std::string member : {"a", "b"}) {
    CHECK(codec.read(codec.value(id_of("abc"), member))->route == member);
  }
}

// --- Requests ----------------------------------------------------------------------------------

struct HeaderRow {
  Strings lines;
  Strings candidates;
  std::uint32_t rejected = 0;
};

TEST_CASE("all cookies of the name in all header lines are candidates, in order", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "SID"});
  const auto row = GENERATE(values<HeaderRow>({
      {{"SID=abc.n2"}, {"abc@n2"}, 0},
      {{"a=1; SID=abc.n2; b=2"}, {"abc@n2"}, 0},
      {{"SID=a.n1; SID=b.n2"}, {"a@n1", "b@n2"}, 0},
      {{"SID=a.n2; SID=b.n1"}, {"a@n2", "b@n1"}, 0},
      {{"SID=a.n1", "SID=b.n2"}, {"a@n1", "b@n2"}, 0},
      {{"x=1", "SID=a.n1; y=2", "", "z=3;SID=b.n2"}, {"a@n1", "b@n2"}, 0},
      {{"SID=a.n9; SID=b.n2"}, {"a@n9", "b@n2"}, 0},
      {{"SID=abc.n2; SID=abc.n2"}, {"abc@n2", "abc@n2"}, 0},
      {{}, {}, 0},
      {{""}, {}, 0},
      // A bad one does not hide the good one, on either side of it.
      {{"SID=\"abc.n2\"; SID=b.n2"}, {"b@n2"}, 1},
      {{"SID=b.n2; SID=ab.c.n2"}, {"b@n2"}, 1},
      {{"SID=; SID=.n2; SID=abc."}, {}, 3},
  }));

  const CookieCodec::Found found = find_in(codec, row.lines);

  CHECK(named_by(found) == row.candidates);
  CHECK(found.rejected == row.rejected);
}

TEST_CASE("blanks separate pairs but are not trimmed off a value", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "SID"});
  const auto row = GENERATE(values<HeaderRow>({
      {{"a=1;SID=abc.n2"}, {"abc@n2"}, 0},
      {{"a=1; \t SID=abc.n2"}, {"abc@n2"}, 0},
      {{" \tSID=abc.n2 \t"}, {"abc@n2"}, 0},  // around the line: the header's, not the cookie's
      {{"SID=abc.n2 ; b=2"}, {}, 1},
      {{"SID=abc.n2\t; b=2"}, {}, 1},
      {{"SID= abc.n2; b=2"}, {}, 1},
      {{"SID =abc.n2; b=2"}, {}, 0},
  }));

  const CookieCodec::Found found = find_in(codec, row.lines);

  CHECK(named_by(found) == row.candidates);
  CHECK(found.rejected == row.rejected);
}

TEST_CASE("a cookie's name is compared whole and with regard to case", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "SID"});
  const auto line = GENERATE(values<std::string>({
      "sid=abc.n2",
      "Sid=abc.n2",
      "XSID=abc.n2",
      "SIDX=abc.n2",
      "__Host-SID=abc.n2",
      "q=SID=abc.n2",
      "=SID=abc.n2",
      "q=x SID=abc.n2",
      "a=1, SID=abc.n2, b=2",
      "redirect_url=https%3A%2F%2Fx%3FSID=zz.n1",
      "SID",
      "SID.n2",
  }));

  const CookieCodec::Found found = find_in(codec, {line});

  CHECK(found.candidates.empty());
  CHECK(found.rejected == 0);
}

TEST_CASE("at most eight candidates are taken and the others are counted", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "SID"});
  std::string line = "SID=bad bad; ";
  Strings expected;
  for (int n = 0; n < 12; ++n) {
    line += "SID=id" + std::to_string(n) + ".n1; ";
    if (n < 8) expected.push_back("id" + std::to_string(n) + "@n1");
  }

  const CookieCodec::Found found = find_in(codec, {line});

  CHECK(named_by(found) == expected);
  CHECK(found.rejected == 1 + 4);
}

TEST_CASE("forged cookies do not crowd out the true one", "[cookie]") {
  const CookieCodec codec = signing_codec();
  std::string line;
  for (int n = 0; n < 100; ++n) line += "__Host-sid=planted" + std::to_string(n) + ".n1; ";
  line += "__Host-sid=" + codec.value(id_of(kId), "n2");

  const CookieCodec::Found found = find_in(codec, {line});

  CHECK(named_by(found) == Strings{std::string(kId) + "@n2"});
  CHECK(found.rejected == 100);
}

TEST_CASE("what is wrong with each refused cookie is told apart", "[cookie]") {
  const CookieCodec codec = signing_codec();
  const std::string good = codec.value(id_of(kId), "n2");
  std::string forged = good;
  forged[1] = forged[1] == 'A' ? 'B' : 'A';
  std::string of_another_key = good;
  of_another_key[0] = 'z';
  const std::string cookie = "; __Host-sid=";

  const CookieCodec::Found found = find_in(codec, {cookie + "two.dots.here" + cookie + forged +
                                                   cookie + forged + cookie + of_another_key});
  std::string nine;
  for (int n = 0; n < 9; ++n) nine += cookie + good;
  const CookieCodec::Found many = find_in(codec, {nine});

  const auto of = [](const CookieCodec::Found& cookies, CookieFault fault) {
    return cookies.faults[static_cast<std::size_t>(fault)];
  };
  CHECK(of(found, CookieFault::kMalformed) == 1);
  CHECK(of(found, CookieFault::kForged) == 2);
  CHECK(of(found, CookieFault::kUnknownKey) == 1);
  CHECK(of(found, CookieFault::kSurplus) == 0);
  CHECK(found.rejected == 4);
  CHECK(of(many, CookieFault::kSurplus) == 1);
}

TEST_CASE("a very large header is searched like any other", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "SID"});
  const std::string filler = "other=" + std::string(1 << 20, 'x') + "; ";

  CHECK(named_by(find_in(codec, {filler + "SID=abc.n2"})) == Strings{"abc@n2"});
  CHECK(find_in(codec, {"SID=" + filler}).rejected == 1);
  CHECK(named_by(find_in(codec, {std::string(1 << 20, ';') + "SID=abc.n2"})) == Strings{"abc@n2"});
}

// --- Reissuing ---------------------------------------------------------------------------------

struct ReissueRow {
  std::string route;
  std::string owner;
  bool attach_route;
  bool due;
};

TEST_CASE("a new cookie is due when the route is not the owner", "[cookie]") {
  const auto row = GENERATE(values<ReissueRow>({
      {"n1", "n1", true, false},
      {"n1", "n2", true, true},
      {"gone", "n2", true, true},
      {"", "n2", true, true},
      // Nothing better could be written.
      {"n1", "", true, false},
      {"", "", true, false},
      {"n1", "NOT A ROUTE", true, false},
      // Without routes of our own, those of a balancer are its own business.
      {"n1", "n2", false, false},
      {"", "n2", false, false},
  }));
  const CookieCodec codec = codec_with({.attach_route = row.attach_route});

  CHECK(codec.reissue({.id = id_of(kId), .route = row.route}, row.owner) == row.due);
}

TEST_CASE("what was reissued is not due again", "[cookie]") {
  const auto owner = GENERATE(values<std::string>({"", "a", "b", "c", "NOT A ROUTE"}));
  const bool attach_route = GENERATE(true, false);
  const CookieCodec codec =
      codec_with({.attach_route = attach_route, .route_alias = {{"a", "b"}, {"c", "x"}}});

  const auto candidate = codec.read(codec.value(id_of(kId), owner));

  REQUIRE(candidate.ok());
  CHECK_FALSE(codec.reissue(*candidate, owner));
}

// --- Set-Cookie --------------------------------------------------------------------------------

TEST_CASE("a session cookie is written with every attribute spelled out", "[cookie]") {
  CHECK(codec_with().set_cookie(id_of("abc"), "n2") ==
        "__Host-sid=abc.n2; Path=/; Secure; HttpOnly; SameSite=Lax");
}

TEST_CASE("name, domain, path, SameSite and Max-Age are those of the options", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "__Secure-sid",
                                        .domain = "example.com",
                                        .path = "/auth",
                                        .same_site = SameSite::kStrict,
                                        .max_age = std::chrono::hours(12)});

  CHECK(codec.set_cookie(id_of("abc"), "n2") ==
        "__Secure-sid=abc.n2; Path=/auth; Domain=example.com; Secure; HttpOnly; SameSite=Strict; "
        "Max-Age=43200");
}

TEST_CASE("a cookie is removed with the attributes it was written with", "[cookie]") {
  CHECK(codec_with().clear_cookie() ==
        "__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0; "
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT");

  const CookieCodec shared = codec_with({.name = "__Secure-sid",
                                         .domain = "example.com",
                                         .path = "/auth",
                                         .same_site = SameSite::kNone});
  const std::string written = shared.set_cookie(id_of("abc"), "");
  const std::string attributes = written.substr(written.find(';'));
  CHECK(shared.clear_cookie() ==
        "__Secure-sid=" + attributes + "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("without secure a cookie of a plain name can be used over plain http", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "sid", .secure = false});

  CHECK(codec.set_cookie(id_of("abc"), "n2") == "sid=abc.n2; Path=/; HttpOnly; SameSite=Lax");
  CHECK(codec.clear_cookie().starts_with("sid=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; "));
}

TEST_CASE("the name of another product's cookie can be taken", "[cookie]") {
  const CookieCodec codec = codec_with({.name = "AUTHP_SESSION_ID"});

  CHECK(codec.set_cookie(id_of("abc"), "n2").starts_with("AUTHP_SESSION_ID=abc.n2; "));
  CHECK(named_by(find_in(codec, {"AUTHP_SESSION_ID=abc.n2"})) == Strings{"abc@n2"});
}

TEST_CASE("a codec can be moved", "[cookie]") {
  CookieCodec codec = signing_codec();
  const std::string value = codec.value(id_of(kId), "n1");

  CookieCodec moved = std::move(codec);
  CookieCodec assigned = codec_with();
  assigned = std::move(moved);

  CHECK(assigned.read(value).ok());
}

}  // namespace
}  // namespace sojourn
