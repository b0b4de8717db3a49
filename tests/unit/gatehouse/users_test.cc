#include "gatehouse/users/users.h"

#include "gatehouse/users/password.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

User ana() {
  return {.name = "ana",
          .email = "Ana@example.com",
          .realm = "local",
          .roles = {"user"},
          .password_hashes = {unmatchable_hash(5)}};
}

}  // namespace

TEST_CASE("users are found by name or address in any case", "[gatehouse][users]") {
  Users users;
  REQUIRE(users.add(ana()));

  CHECK(users.find("ana") != nullptr);
  CHECK(users.find("ANA") != nullptr);
  CHECK(users.find("ana@EXAMPLE.com") != nullptr);
  CHECK(users.find("ana", "local") != nullptr);
  CHECK(users.find("ana", "corp") == nullptr);
  CHECK(users.find("an") == nullptr);
  CHECK(users.find("") == nullptr);
}

TEST_CASE("nobody takes another's name", "[gatehouse][users]") {
  Users users;
  REQUIRE(users.add(ana()));

  CHECK_FALSE(users.add(ana()));

  // A name wins over an address, so that nobody signs in as another by choosing their address.
  User imposter = ana();
  imposter.name = "eve";
  imposter.email = "ana";
  REQUIRE(users.add(imposter));
  CHECK(users.find("ana")->name == "ana");
}

TEST_CASE("checking nobody's password costs as much as the dearest", "[gatehouse][users]") {
  Users users;
  CHECK(bcrypt_cost(users.unmatchable_hashes().front()) == 10);

  users.add(ana());

  CHECK(bcrypt_cost(users.unmatchable_hashes().front()) == 5);
}

TEST_CASE("users whose data would not fit in headers are refused", "[gatehouse][users]") {
  CHECK(user_problem(ana()).empty());
  const auto problem_with = [](auto change) {
    User user = ana();
    change(user);
    return user_problem(user);
  };
  CHECK(problem_with([](User& user) { user.name = ""; }) == "has no name");
  CHECK_FALSE(problem_with([](User& user) { user.name = std::string(65, 'a'); }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.name = "a b"; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.full_name = "a\r\nb"; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.email = std::string(129, 'a'); }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.roles = {"a,b"}; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.roles = {""}; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.roles = {std::string(513, 'a')}; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.password_hashes = {}; }).empty());
  CHECK_FALSE(problem_with([](User& user) { user.password_hashes = {"secret"}; }).empty());
}

}  // namespace gatehouse
