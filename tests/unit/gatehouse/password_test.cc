#include "gatehouse/users/password.h"

#include <asio/io_context.hpp>

#include "gatehouse/users/password_checker.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

// "U*U" of the Openwall test vectors.
const std::string kKnown = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

}  // namespace

TEST_CASE("a known bcrypt hash matches its password only", "[gatehouse][password]") {
  CHECK(password_matches("U*U", kKnown));
  CHECK_FALSE(password_matches("U*V", kKnown));
  CHECK_FALSE(password_matches("", kKnown));
  CHECK_FALSE(password_matches(std::string_view("U*U\0x", 5), kKnown));
}

TEST_CASE("a new hash matches its password and is salted", "[gatehouse][password]") {
  const auto first = hash_password("open sesame", 4);
  const auto second = hash_password("open sesame", 4);

  REQUIRE(first.ok());
  CHECK(first->starts_with("bcrypt:4:$2b$04$"));
  CHECK(*first != *second);
  const auto hash = parse_password_hash(*first);
  REQUIRE(hash.ok());
  CHECK(password_matches("open sesame", *hash));
  CHECK_FALSE(password_matches("open sesam", *hash));
}

TEST_CASE("passwords that bcrypt would cut are neither hashed nor matched",
          "[gatehouse][password]") {
  const std::string longest(kPasswordBytesMax, 'a');
  const auto hash = parse_password_hash(*hash_password(longest, 4));

  CHECK(password_matches(longest, *hash));
  CHECK_FALSE(password_matches(longest + "b", *hash));
  CHECK_FALSE(hash_password(longest + "b", 4).ok());
  CHECK_FALSE(hash_password("", 4).ok());
  CHECK_FALSE(hash_password(std::string_view("a\0b", 3), 4).ok());
  CHECK_FALSE(hash_password("a", 3).ok());
  CHECK_FALSE(hash_password("a", 31).ok());
}

TEST_CASE("text that is no bcrypt hash is refused without repeating it", "[gatehouse][password]") {
  for (const std::string& text :
       {std::string(), std::string("secret"), "argon2:3:" + kKnown, std::string("bcrypt:5"),
        "bcrypt:05:" + kKnown, "bcrypt:6:" + kKnown, "bcrypt:5:" + kKnown + "x",
        std::string("bcrypt:5:secret")}) {
    CAPTURE(text);
    const auto hash = parse_password_hash(text);
    REQUIRE_FALSE(hash.ok());
    CHECK(std::string(hash.status().message()).find("secret") == std::string::npos);
  }
  CHECK(parse_password_hash("bcrypt:5:" + kKnown).ok());
}

TEST_CASE("nothing matches the hash of nobody", "[gatehouse][password]") {
  const std::string hash = unmatchable_hash(4);

  CHECK(is_bcrypt(hash));
  CHECK(bcrypt_cost(hash) == 4);
  for (const char* password : {"", ".", "password"}) CHECK_FALSE(password_matches(password, hash));
}

TEST_CASE("a checker answers on the executor it is given", "[gatehouse][password]") {
  asio::io_context io;
  PasswordChecker checker;
  std::vector<absl::StatusCode> answers;
  const auto note = [&answers](absl::Status status) { answers.push_back(status.code()); };

  checker.check("U*U", {unmatchable_hash(4), kKnown}, io.get_executor(), note);
  checker.check("wrong", {kKnown}, io.get_executor(), note);
  io.run();

  CHECK(answers == std::vector{absl::StatusCode::kOk, absl::StatusCode::kUnauthenticated});
}

TEST_CASE("a checker with too much to do refuses at once", "[gatehouse][password]") {
  asio::io_context io;
  PasswordChecker checker(1, /*waiting_max=*/0);
  absl::Status answer;

  checker.check("U*U", {kKnown}, io.get_executor(),
                [&answer](absl::Status status) { answer = status; });
  io.run();

  CHECK(absl::IsResourceExhausted(answer));
}

}  // namespace gatehouse
