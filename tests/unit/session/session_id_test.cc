#include "sojourn/session_id.h"

#include <absl/hash/hash.h>

#include <set>
#include <string>

#include "support/catch.h"

namespace sojourn {
namespace {

SessionId id_of(std::string_view text) {
  absl::StatusOr<SessionId> id = SessionId::parse(text);
  REQUIRE(id.ok());
  return *std::move(id);
}

TEST_CASE("an id is spelled by 1 to 64 characters of base64url", "[session]") {
  const auto text = GENERATE(values<std::string>({
      "a",
      "-",
      "_",
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
      "5e161e00-d426-4ea6-98e9-52eb9844e2d7",
      std::string(64, 'z'),
  }));

  CHECK(id_of(text).text() == text);
}

TEST_CASE("what is too short, too long or in another alphabet is no id", "[session]") {
  const auto text = GENERATE(values<std::string>({
      "",
      std::string(65, 'z'),
      std::string(100000, 'z'),
      "ab.c",
      "ab+c",
      "ab/c",
      "abc=",
      "ab c",
      " abc",
      "abc ",
      "abc\n",
      "\"abc\"",
      "abc%2D",
      "ab;c",
      "ab,c",
      "\xc3\xa9",
      std::string("a\0b", 3),
  }));

  const absl::StatusOr<SessionId> id = SessionId::parse(text);

  CHECK(id.status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("the message about a bad id does not repeat it", "[session]") {
  const std::string message(SessionId::parse("secret.secret").status().message());

  CHECK(message.find("secret") == std::string::npos);
}

TEST_CASE("exactly the 64 characters of base64url may stand in an id", "[session]") {
  int accepted = 0;
  for (int value = 0; value < 256; ++value) {
    accepted += SessionId::parse(std::string(1, static_cast<char>(value))).ok() ? 1 : 0;
  }

  CHECK(accepted == 64);
}

TEST_CASE("ids are equal, ordered and hashed by their text", "[session]") {
  CHECK(id_of("abc") == id_of("abc"));
  CHECK(id_of("abc") != id_of("abC"));
  CHECK(id_of("abc") != id_of("abcd"));
  CHECK(id_of("abc") < id_of("abd"));
  CHECK(id_of("abc") < id_of("abcd"));
  CHECK(absl::HashOf(id_of("abc")) == absl::HashOf(id_of("abc")));
  CHECK(absl::HashOf(id_of("abc")) != absl::HashOf(id_of("abd")));
}

TEST_CASE("an id assigned over a longer one leaves nothing of it", "[session]") {
  SessionId id = id_of("a-rather-long-id");

  id = id_of("short");

  CHECK(id.text() == "short");
  CHECK(id == id_of("short"));
  CHECK(absl::HashOf(id) == absl::HashOf(id_of("short")));
}

TEST_CASE("generated ids have 192 bits and differ", "[session]") {
  std::set<std::string, std::less<>> generated;
  for (int i = 0; i < 1000; ++i) generated.emplace(SessionId::generate().text());

  CHECK(generated.size() == 1000);
  // Six bits a character.
  for (const std::string& text : generated) CHECK(text.size() * 6 == 192);
}

TEST_CASE("a redacted id tells ids apart and shows nothing of them", "[session]") {
  const SessionId id = SessionId::generate();
  const std::string text = id.redacted();

  CHECK(text == id_of(id.text()).redacted());
  CHECK(text != SessionId::generate().redacted());
  CHECK(text.size() == 12);
  CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id.text().find(text.substr(0, 4)) == std::string_view::npos);
}

}  // namespace
}  // namespace sojourn
