#include "gatehouse/users/users_json.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

constexpr char kHash[] = "$2a$10$ySnGIJ22mbNE0j.xpZ8Q3uwqAhIr9hverW.dE/WcX3XuYkomGuLlK";

std::string user_json(const std::string& fields) {
  return R"({"version": "1", "revision": 1, "users": [{)" + fields + "}]}";
}

std::string password_json(const std::string& more = "") {
  return R"("passwords": [{"purpose": "generic", "algorithm": "bcrypt", "cost": 10, "hash": ")" +
         std::string(kHash) + "\"" + more + "}]";
}

}  // namespace

TEST_CASE("a user of authcrunch's database is read whole", "[gatehouse][users]") {
  const auto users = parse_users_json(user_json(R"("id": "x", "username": "JSmith",
      "names": [{"first": "John", "last": "Smith"}],
      "email_addresses": [{"address": "jsmith@localhost.localdomain", "domain": "localhost.localdomain"}],
      "roles": [{"name": "user", "organization": "authp"}, {"name": "dash"}],
      "created": "2020-05-05T18:47:51Z", )" + password_json()));

  REQUIRE(users.ok());
  REQUIRE(users->size() == 1);
  const User& user = users->front();
  CHECK(user.name == "jsmith");
  CHECK(user.full_name == "John Smith");
  CHECK(user.email == "jsmith@localhost.localdomain");
  CHECK(user.roles == std::vector<std::string>{"authp/user", "dash"});
  CHECK(user.password_hashes == std::vector<std::string>{kHash});
}

TEST_CASE("single names and addresses are read where there is no list", "[gatehouse][users]") {
  const auto users = parse_users_json(user_json(
      R"("username": "a", "name": {"last": "Ann", "alias": true}, "email_address": {"address": "a@b.c"}, )" +
      password_json()));

  REQUIRE(users.ok());
  CHECK(users->front().full_name == "Ann");
  CHECK(users->front().email == "a@b.c");
}

TEST_CASE("who cannot sign in is left out", "[gatehouse][users]") {
  for (const std::string& fields :
       {R"("username": "a", "disabled": true, )" + password_json(),
        R"("username": "a", )" + password_json(R"(, "disabled": true)"),
        R"("username": "a", )" + password_json(R"(, "expired": true)"),
        std::string(R"("username": "a")"),
        std::string(R"("username": "a", "passwords": [{"algorithm": "argon2id", "hash": "x"}])")}) {
    const auto users = parse_users_json(user_json(fields));
    CAPTURE(fields);
    REQUIRE(users.ok());
    CHECK(users->empty());
  }
}

TEST_CASE("a database with a mistake is refused with the user's name", "[gatehouse][users]") {
  CHECK_FALSE(parse_users_json("").ok());
  CHECK_FALSE(parse_users_json("{").ok());
  CHECK_FALSE(parse_users_json("[]").ok());
  CHECK_FALSE(parse_users_json("{\"users\": 5}").ok());
  CHECK_FALSE(parse_users_json("{\"users\": [5]}").ok());
  CHECK_FALSE(parse_users_json(user_json(password_json())).ok());
  const auto bad_role = parse_users_json(
      user_json(R"("username": "a", "roles": [{"name": "x,y"}], )" + password_json()));
  REQUIRE_FALSE(bad_role.ok());
  CHECK(std::string(bad_role.status().message()).starts_with("user 1 (a) has a role"));
}

TEST_CASE("a database that cannot be read is named", "[gatehouse][users]") {
  const auto users = load_users_json("/does/not/exist.json");

  REQUIRE_FALSE(users.ok());
  CHECK(std::string(users.status().message()) == "/does/not/exist.json: cannot be read");
}

}  // namespace gatehouse
