#include <fstream>
#include <iterator>

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

TEST_CASE("the configuration in the documentation is sound", "[gatehouse][config]") {
  std::ifstream file(GATEHOUSE_DIRECTORY "/README.md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string fence = "```caddyfile\n";
  const std::size_t start = text.find(fence);
  REQUIRE(start != std::string::npos);
  const std::size_t end = text.find("```", start + fence.size());
  Problems problems;

  read_config(text.substr(start + fence.size(), end - start - fence.size()), "README.md", {},
              problems);

  CHECK(problems.lines() == std::vector<std::string>());
}

}  // namespace gatehouse
