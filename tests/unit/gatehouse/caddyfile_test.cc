#include "gatehouse/application.h"
#include "gatehouse/config/config.h"
#include "gatehouse/users/password.h"
#include "support/catch.h"

namespace gatehouse {

TEST_CASE("the example configuration is sound and its users can sign in", "[gatehouse][config]") {
  Problems problems;

  const Config config = load_config(GATEHOUSE_DIRECTORY "/Caddyfile", {}, problems);

  REQUIRE(problems.lines() == std::vector<std::string>());
  const auto users = load_users(config, *config.find_portal("myportal"));
  REQUIRE(users.ok());
  const User* ana = users->find("ana");
  REQUIRE(ana != nullptr);
  CHECK(password_matches("open sesame", ana->password_hashes.front()));
  CHECK(ana->roles == std::vector<std::string>{"authp/user", "dash"});
}

}  // namespace gatehouse
