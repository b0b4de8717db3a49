#include "discovery/host_name.h"

#include "support/catch.h"

namespace sojourn::discovery {
namespace {

TEST_CASE("names of DNS are told from other text", "[discovery]") {
  const std::string longest_label(63, 'x');
  CHECK(is_host_name("auth"));
  CHECK(is_host_name("_sojourn._tcp.auth.default.svc.cluster.local"));
  CHECK(is_host_name("auth.example."));
  CHECK(is_host_name(longest_label + "." + longest_label));

  CHECK_FALSE(is_host_name(""));
  CHECK_FALSE(is_host_name("."));
  CHECK_FALSE(is_host_name("auth..example"));
  CHECK_FALSE(is_host_name(".auth"));
  CHECK_FALSE(is_host_name("auth example"));
  CHECK_FALSE(is_host_name("auth\\032example"));
  CHECK_FALSE(is_host_name("auth:7701"));
  CHECK_FALSE(is_host_name(longest_label + "x"));
  CHECK_FALSE(is_host_name(longest_label + "." + longest_label + "." + longest_label + "." +
                           longest_label));
}

TEST_CASE("the first label of a host name suggests the member", "[discovery]") {
  CHECK(member_of("auth-1.auth.default.svc.cluster.local") == "auth-1");
  CHECK(member_of("AUTH-1.auth") == "auth-1");
  CHECK(member_of("auth") == "auth");
  CHECK(member_of("auth_1.auth").empty());
  CHECK(member_of(std::string(33, 'x') + ".auth").empty());
}

}  // namespace
}  // namespace sojourn::discovery
